import type { Emit, Handlers, MeasuredChoice, Run } from '#shared/contract'
import type { Datasets } from '#app/datasets'
import type { RemoteProcess } from '#app/remote-process'
import { classifiersFolder } from '#platform/paths'
import { bytesOf } from '#storage/files'
import { fileName, freeName } from '#storage/free-name'
import type { CheckpointPlace } from '#inference/checkpoint-model'
import type { InspectorFunctions, InspectorListener } from '#jobs/inspect/process'
import { UnderWay } from './under-way'

export type MeasurementCall =
  | 'inspect.measure'
  | 'inspect.stopMeasuring'
  | 'inspect.measurement'
  | 'inspect.similar'
  | 'datasets.suggest'
  | 'datasets.keepClassifier'
  | 'datasets.cluster'
  | 'datasets.findAlike'
  | 'datasets.tagDiverse'

interface MeasurementOptions {
  emit: Emit
  datasets: Pick<Datasets, 'ask' | 'get' | 'summarise'>
  run: (id: string) => Promise<Run>
  /** The process that measures. */
  sets: () => RemoteProcess<InspectorFunctions, InspectorListener>
  /** A name for a file that nobody needs for long. */
  temporary: (name: string) => string
  /** The features of pictures, given as base64. */
  features: (place: CheckpointPlace, pictures: string[]) => Promise<number[][]>
}

type Measured = Awaited<ReturnType<Handlers['inspect.measure']>>

/** Data sets measured with checkpoints, each once at a time, while other things go on. */
export class Measurements {
  private readonly under = new UnderWay<Measured>()
  /** What was found, on its way into the index of each data set. */
  private readonly keeping = new Map<string, Promise<void>>()

  constructor(private readonly options: MeasurementOptions) {}

  readonly calls: Pick<Handlers, MeasurementCall> = {
    'inspect.measure': (choice) => this.measure(choice),
    'inspect.stopMeasuring': async (choice) => {
      const key = keyOf(choice)
      this.under.stop(key)
      await this.options.sets().current?.stopMeasuring(key)
    },
    'inspect.measurement': async (choice) => ({
      share: this.under.shareOf(keyOf(choice)),
      ...(await this.options.datasets.ask(choice.dataset, 'measured', await this.checkpoint(choice))),
    }),
    'inspect.similar': async ({ paths, pictures, count, ...choice }) => {
      const { run, step } = choice
      const place = { folder: (await this.options.run(run)).folder, step }
      const features = await this.options.features(place, pictures)
      const wanted = { paths, features }
      const checkpoint = await this.checkpoint(choice)
      return this.options.datasets.ask(choice.dataset, 'similar', checkpoint, wanted, count)
    },
    'datasets.suggest': async ({ id, run, step }) =>
      this.options.datasets.ask(id, 'suggest', await this.checkpoint({ dataset: id, run, step })),
    'datasets.cluster': async ({ id, run, step, count }) =>
      this.options.datasets.ask(id, 'cluster', await this.checkpoint({ dataset: id, run, step }), count),
    'datasets.findAlike': async ({ id, run, step, similarity }) =>
      this.options.datasets.ask(
        id,
        'findAlike',
        await this.checkpoint({ dataset: id, run, step }),
        similarity,
      ),
    'datasets.tagDiverse': async ({ id, run, step, count, tag }) => {
      const checkpoint = await this.checkpoint({ dataset: id, run, step })
      const { datasets } = this.options
      return datasets.summarise(id, datasets.ask(id, 'tagDiverse', checkpoint, count, tag))
    },
    'datasets.keepClassifier': async ({ id, run, step, name }) => {
      const checkpoint = await this.checkpoint({ dataset: id, run, step })
      const target = await freeName(classifiersFolder(), fileName(name), '')
      const dataset = (await this.options.datasets.get(id)).name
      const about = { name, run, step, dataset, createdAt: new Date().toISOString() }
      await this.options.datasets.ask(id, 'keepClassifier', checkpoint, target, about)
      return { path: target, bytes: await bytesOf(target) }
    },
  }

  /** What the process tells. */
  readonly listener: Pick<InspectorListener, 'measured'> = {
    measured: (key, found, share) => {
      const { dataset, run, step } = choiceOf(key)
      const before = this.keeping.get(key) ?? Promise.resolve()
      const kept = before.then(() => this.options.datasets.ask(dataset, 'keepMeasured', { run, step }, found))
      kept.catch(() => undefined) // told where the measuring ends
      this.keeping.set(key, kept)
      this.under.note(key, share, () => this.options.emit('inspect.measuring', { ...choiceOf(key), share }))
    },
  }

  private measure(choice: MeasuredChoice): Promise<Measured> {
    const key = keyOf(choice)
    return this.under.begin(
      key,
      () => this.run(choice, key),
      () => {
        this.keeping.delete(key)
        this.options.emit('inspect.measuring', { ...choice, share: null })
      },
    )
  }

  private async run(choice: MeasuredChoice, key: string): Promise<Measured> {
    const { dataset, run, step } = choice
    const { folder: place, engine } = await this.options.run(run)
    const { folder } = await this.options.datasets.get(dataset)
    const manifest = this.options.temporary(`measured-${dataset}-${run}-${step}.json`)
    const checkpoint = await this.checkpoint(choice)
    const { pending, ...to } = await this.options.datasets.ask(dataset, 'toMeasure', checkpoint, manifest)
    if (this.under.isStopped(key)) return null
    if (pending === 0) return { images: 0, seconds: 0 }
    const asked = { place: { folder: place, step }, engine, folder, manifest, ...to }
    const found = await this.options.sets().ask((remote) => remote.measure(key, asked))
    await this.keeping.get(key)
    return found
  }

  private async checkpoint({ run, step }: MeasuredChoice) {
    const { hyperparameters } = await this.options.run(run)
    return { run, step, width: hyperparameters.width }
  }
}

const keyOf = ({ dataset, run, step }: MeasuredChoice) => JSON.stringify([dataset, run, step])

function choiceOf(key: string): MeasuredChoice {
  const [dataset, run, step] = JSON.parse(key) as [string, string, number]
  return { dataset, run, step }
}
