import { createBirpc } from 'birpc'
import type { EventPayload } from '#shared/contract'
import { Manifest } from '#images/manifest'
import { thumbnailFile } from '#images/thumbnails'
import { createEngine } from '#engine/engines'
import { aside, runToEnd } from '#platform/background'
import { endWithParent, parentPort } from '#platform/processes'
import { answering, type Answering } from '#platform/remote'
import { fixedImages } from '#images/sample'
import { EmbeddingSets } from '#inference/features/embedding-sets'
import type { Measured } from '#images/index/measured'
import type { Predicted } from '#inference/classifiers/predict'
import { enginesBeside } from './engines'
import { FindingOdd } from './finding-odd'
import { Measuring } from './measuring'
import { Predicting } from './predicting'
import { Inspector } from './inspector'

/**
 * A process that inspects checkpoints for the app: `inspector.js <folder of pictures>`. It keeps models and their compiled
 * programs between questions.
 */
export type InspectorFunctions = Answering<
  Pick<Inspector, 'reconstruct' | 'unroll' | 'saveUnrolled' | 'attention' | 'feature'>
> &
  Answering<Pick<EmbeddingSets, 'embed' | 'map' | 'neighbours' | 'extremes' | 'agreement' | 'export'>> &
  Answering<Pick<Measuring, 'measure'>> &
  Answering<Pick<Predicting, 'predict'>> &
  Answering<{ findOdd: FindingOdd['find'] }> & {
    stopMeasuring(key: string): void
    stopFindingOdd(key: string): void
    stopPredicting(id: string): void
    /** Paths of the images that a run's reconstructions show. */
    fixedImages(manifest: string): Promise<string[]>
    thumbnail(folder: string, relative: string): Promise<string | null>
    stop(): void
  }

export interface InspectorListener {
  /** What a checkpoint found of some images, when the share of all that it was asked about is done. */
  measured(key: string, found: Measured[], share: number): void
  /** The share of the images that odd ones were looked for among. */
  findingOdd(key: string, share: number): void
  progress(progress: EventPayload<'inspect.progress'>): void
}

export interface PredictionListener {
  /** What a classifier found of some of the images that it was asked about. */
  predicted(id: string, found: Predicted, total: number): void
}

async function main(): Promise<void> {
  // On the CPU: one image is little work, and a training run keeps the other devices to itself.
  const engine = await createEngine('onnxruntime-cpu', { threads: 0 })
  const inspector = new Inspector(engine, process.argv[2]!, (progress) => aside(parent.progress(progress)))
  const sets = new EmbeddingSets(engine, (progress) => aside(parent.progress(progress)))
  const engines = enginesBeside(engine)
  const predicting = new Predicting(engines, (id, found, total) => aside(parent.predicted(id, found, total)))
  const measuring = new Measuring(engines, (key, found, share) => aside(parent.measured(key, found, share)))
  const odd = new FindingOdd(engines, (key, share) => aside(parent.findingOdd(key, share)))
  const functions: InspectorFunctions = {
    ...answering({
      reconstruct: inspector.reconstruct,
      unroll: inspector.unroll,
      saveUnrolled: inspector.saveUnrolled,
      attention: inspector.attention,
      feature: inspector.feature,
      embed: sets.embed,
      map: sets.map,
      neighbours: sets.neighbours,
      extremes: sets.extremes,
      agreement: sets.agreement,
      export: sets.export,
      measure: measuring.measure,
      predict: predicting.predict,
      findOdd: odd.find,
    }),
    stopMeasuring: measuring.stop,
    stopFindingOdd: odd.stop,
    stopPredicting: predicting.stop,
    fixedImages: async (manifest) => fixedImages(await Manifest.read(manifest)).map((image) => image.path),
    thumbnail: thumbnailFile,
    stop: sets.stop,
  }
  const parent = createBirpc<InspectorListener & PredictionListener, InspectorFunctions>(functions, {
    post: (message) => parentPort.post(message),
    on: (listener) => parentPort.onMessage(listener),
    eventNames: ['progress', 'measured', 'findingOdd', 'predicted'],
    timeout: -1,
  })
}

endWithParent(5_000)
parentPort.onClose(() => process.exit(0))
runToEnd(main())
