import type { Run } from '#shared/contract'

/** A run seems to hang when a step takes this many times as long as the last one, and at least this many seconds. */
const timesTheUsual = 20
const atLeast = 120
/** The first step of a session comes after its graph was built. */
const firstStep = 600
/** Longer gaps between two looks are sleep of the machine: nothing could happen in them. */
const longestGap = 2

interface Watched {
  session: number
  step: number
  moved: boolean
  silent: number
}

/** Notices runs whose process lives but takes no steps. Time in which the machine slept does not count. */
export class StallWatch {
  private readonly watched = new Map<string, Watched>()
  private last = NaN
  private passed = 0

  /** Begins a look at the runs, at a time in seconds. */
  tick(now: number): void {
    this.passed = Number.isNaN(this.last) ? 0 : Math.min(now - this.last, longestGap)
    this.last = now
  }

  /** Looks at a run that is being trained: seconds since its last step where it seems to hang, else null. */
  see({ id, step, seams, latest, hyperparameters: h }: Run): number | null {
    const before = this.watched.get(id)
    const isNew = before?.session !== seams.length
    if (isNew || before.step !== step) {
      this.watched.set(id, { session: seams.length, step, moved: !isNew, silent: 0 })
      return null
    }
    before.silent += this.passed
    const usual = latest ? (h.batchSize * h.accumulation) / latest.imagesPerSecond : 0
    const limit = Math.max(before.moved ? atLeast : firstStep, timesTheUsual * usual)
    return before.silent > limit ? Math.floor(before.silent) : null
  }

  forget = (id: string) => void this.watched.delete(id)
}
