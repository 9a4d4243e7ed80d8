import { rm } from 'node:fs/promises'
import type { Emit, Handlers, Run } from '#shared/contract'
import type { Datasets } from '#app/datasets'
import type { RemoteProcess } from '#app/remote-process'
import type { InspectorFunctions, InspectorListener } from '#jobs/inspect/process'
import { UnderWay } from './under-way'

export type OddCall = 'datasets.findOdd' | 'datasets.stopFindingOdd' | 'datasets.odd'

interface OddOptions {
  emit: Emit
  datasets: Pick<Datasets, 'ask' | 'get'>
  run: (id: string) => Promise<Run>
  /** The process that looks at whole data sets. */
  sets: () => RemoteProcess<InspectorFunctions, InspectorListener>
  /** A name for a file that nobody needs for long. */
  temporary: (name: string) => string
}

/** Odd images of data sets, looked for in each at most once at a time, while other things go on. */
export class OddImages {
  private readonly under = new UnderWay<boolean>()

  constructor(private readonly options: OddOptions) {}

  readonly calls: Pick<Handlers, OddCall> = {
    'datasets.findOdd': (asked) =>
      this.under.begin(
        asked.id,
        () => this.find(asked),
        () => this.options.emit('datasets.findingOdd', { id: asked.id, share: null }),
      ),
    'datasets.stopFindingOdd': async ({ id }) => {
      this.under.stop(id)
      await this.options.sets().current?.stopFindingOdd(id)
    },
    'datasets.odd': async ({ id }) => ({
      found: await this.options.datasets.ask(id, 'odd'),
      share: this.under.shareOf(id),
    }),
  }

  /** What the process tells. */
  readonly listener: Pick<InspectorListener, 'findingOdd'> = {
    findingOdd: (id, share) =>
      this.under.note(id, share, () => this.options.emit('datasets.findingOdd', { id, share })),
  }

  private async find({
    id,
    run,
    step,
    ordinary,
  }: Parameters<Handlers['datasets.findOdd']>[0]): Promise<boolean> {
    const { datasets, sets, temporary } = this.options
    const { folder: place, engine } = await this.options.run(run)
    const { folder } = await datasets.get(id)
    const files = {
      ordinary: temporary(`ordinary-${id}.json`),
      all: temporary(`compared-${id}.json`),
      found: temporary(`odd-${id}.jsonl`),
    }
    await datasets.ask(id, 'listForOdd', ordinary, files)
    if (this.under.isStopped(id)) return false
    const asked = { place: { folder: place, step }, engine, folder, ...files }
    const done = await sets().ask((remote) => remote.findOdd(id, asked))
    if (done)
      await datasets.ask(id, 'keepOdd', { run, step, ordinary, at: new Date().toISOString() }, files.found)
    await rm(files.found, { force: true })
    return done
  }
}
