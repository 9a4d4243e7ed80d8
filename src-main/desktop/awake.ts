import type { PowerSaveBlocker } from 'electron'
import type { ProcessName } from '#platform/processes'

/** Processes that end with their work; the others wait for more. */
const working: ProcessName[] = ['training', 'trial', 'evaluation', 'proof']

/** Keeps the computer from falling asleep while something is trained or evaluated, where the person wants that. Its screen may turn off. */
export class Awake {
  private isWanted = true
  private processes = 0
  private blocker: number | null = null

  constructor(private readonly system: Pick<PowerSaveBlocker, 'start' | 'stop'>) {}

  want(isWanted: boolean): void {
    this.isWanted = isWanted
    this.apply()
  }

  /** Counts a process, from its begin to what `onExit` calls. */
  during(name: ProcessName, onExit: (listener: () => void) => void): void {
    if (!working.includes(name)) return
    this.processes++
    this.apply()
    onExit(() => {
      this.processes--
      this.apply()
    })
  }

  private apply(): void {
    const isNeeded = this.isWanted && this.processes > 0
    if (isNeeded) this.blocker ??= this.system.start('prevent-app-suspension')
    else if (this.blocker !== null) {
      this.system.stop(this.blocker)
      this.blocker = null
    }
  }
}
