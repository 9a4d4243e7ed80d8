import type { Emit, Handlers, MeasuredChoice } from '#shared/contract'
import type { Datasets } from '#app/datasets'
import type { RemoteProcess } from '#app/remote-process'
import type { WholeSet } from '#inference/features/measured-sets'
import type { InspectorFunctions, InspectorListener } from '#jobs/inspect/process'

export type MeasurementCall =
  'inspect.measure' | 'inspect.stopMeasuring' | 'inspect.measurement' | 'inspect.similar'

interface MeasurementOptions {
  emit: Emit
  datasets: Pick<Datasets, 'beginLosses' | 'keepLosses'>
  /** The process that measures. */
  sets: () => RemoteProcess<InspectorFunctions, InspectorListener>
  set: (choice: MeasuredChoice) => Promise<WholeSet>
}

type Measured = Awaited<ReturnType<Handlers['inspect.measure']>>

/** Data sets measured with checkpoints, each once at a time, while other things go on. */
export class Measurements {
  private readonly under = new Map<string, { share: number; stopped: boolean; end: Promise<Measured> }>()
  /** Losses on their way into the index of each data set. */
  private readonly keeping = new Map<string, Promise<void>>()

  constructor(private readonly options: MeasurementOptions) {}

  readonly calls: Pick<Handlers, MeasurementCall> = {
    'inspect.measure': (choice) => this.measure(choice),
    'inspect.stopMeasuring': async (choice) => {
      const key = keyOf(choice)
      const measuring = this.under.get(key)
      if (measuring) measuring.stopped = true
      await this.options.sets().current?.stopMeasuring(key)
    },
    'inspect.measurement': async (choice) => ({
      share: this.under.get(keyOf(choice))?.share ?? null,
      similar: (await this.options.sets().current?.isMeasured(keyOf(choice))) ?? false,
    }),
    'inspect.similar': ({ paths, count, ...choice }) =>
      this.options.sets().ask((remote) => remote.similar(keyOf(choice), paths, count)),
  }

  /** What the process tells. */
  readonly listener: Pick<InspectorListener, 'losses' | 'measuring'> = {
    losses: (key, losses) => {
      const { dataset, run, step } = choiceOf(key)
      const before = this.keeping.get(key) ?? Promise.resolve()
      const kept = before.then(() => this.options.datasets.keepLosses(dataset, run, step, losses))
      kept.catch(() => undefined) // told where the measuring ends
      this.keeping.set(key, kept)
    },
    measuring: (key, share) => {
      const measuring = this.under.get(key)
      if (!measuring) return
      measuring.share = share
      this.options.emit('inspect.measuring', { ...choiceOf(key), share })
    },
  }

  private measure(choice: MeasuredChoice): Promise<Measured> {
    const key = keyOf(choice)
    const known = this.under.get(key)
    if (known) return known.end
    const end = this.run(choice, key).finally(() => {
      this.under.delete(key)
      this.keeping.delete(key)
      this.options.emit('inspect.measuring', { ...choice, share: null })
    })
    this.under.set(key, { share: 0, stopped: false, end })
    return end
  }

  private async run(choice: MeasuredChoice, key: string): Promise<Measured> {
    const { dataset, run, step } = choice
    const set = await this.options.set(choice)
    await this.options.datasets.beginLosses(dataset, run, step)
    if (this.under.get(key)?.stopped) return null
    const found = await this.options.sets().ask((remote) => remote.measure(key, set))
    await this.keeping.get(key)
    return found
  }
}

const keyOf = ({ dataset, run, step }: MeasuredChoice) => JSON.stringify([dataset, run, step])

function choiceOf(key: string): MeasuredChoice {
  const [dataset, run, step] = JSON.parse(key) as [string, string, number]
  return { dataset, run, step }
}
