import type { Score } from '#shared/contract'
import type { ProbeSettings } from '#shared/settings/evaluation'
import { permutation, purposes } from '#shared/random'
import type { Engine } from '#engine/engine'
import { probeInputs, probeLogitsStep, probeState, probeStep } from '#model/heads/probe'
import { mixedTargets } from '#model/augment/mixing'
import { warmUpThenCosine } from '#model/optimizers/schedule'
import type { Reporter } from './subject'
import type { Outcome } from '#storage/evaluation-folder'
import type { FeatureRows } from '#inference/features/knn'
import { scoreOf, softmax } from './score'

/** Features of views of the training images and of the validation images, with their labels. */
export interface ProbeData {
  classes: string[]
  views: FeatureRows[]
  labels: Int32Array
  validation: { features: FeatureRows; labels: Int32Array; paths: string[] }
}

/** What a linear layer learns from frozen features, and how it is scored. */
interface LinearTask {
  classes: number
  /** Features of several views of the same images; each epoch takes the next. */
  views: FeatureRows[]
  /** Indices of the rows to train on. */
  rows: Uint32Array
  /** The share of each class in some rows, [rows, classes]. */
  targetsOf(rows: Uint32Array): Float32Array
  /** Epochs between scores. */
  scoreEvery: number
  /** `logitsOf` gives [rows, classes] for features. */
  score(logitsOf: (features: FeatureRows) => Promise<Float32Array>): Promise<Score>
}

/** Trains the linear probe on features and scores it after each epoch. */
export const trainProbe = (
  engine: Engine,
  s: ProbeSettings,
  { classes, views, labels, validation }: ProbeData,
  report: Reporter,
): Promise<Outcome> =>
  trainLinear(
    engine,
    s,
    {
      classes: classes.length,
      views,
      rows: Uint32Array.from(labels.keys()),
      targetsOf: (rows) =>
        mixedTargets(
          Array.from(rows, (row) => labels[row]!),
          classes.length,
          { smoothing: 0, share: 1 },
        ),
      scoreEvery: 1,
      score: async (logitsOf) =>
        scoreOf(await logitsOf(validation.features), validation.labels, classes, {
          paths: validation.paths,
          shares: softmax,
        }),
    },
    report,
  )

/** Trains BatchNorm without affine parameters and a linear layer on features. */
export async function trainLinear(
  engine: Engine,
  s: Omit<ProbeSettings, 'block' | 'pooling' | 'views'>,
  { classes, views, rows, targetsOf, scoreEvery, score: scoreBy }: LinearTask,
  report: Reporter,
): Promise<Outcome> {
  const { width } = views[0]!
  const batch = Math.min(s.batchSize, rows.length)
  const state = engine.createState(probeState(width, classes, s.seed))
  const inputs = probeInputs(batch, width, classes)
  const step = await engine.compile(probeStep(s), state, inputs)
  const ask = await engine.compile(probeLogitsStep, state, { features: inputs.features })
  const steps = Math.floor(rows.length / batch)

  const score = () =>
    scoreBy(async ({ values }) => {
      const asked = values.length / width
      const logits = new Float32Array(asked * classes)
      for (let first = 0; first < asked; first += batch) {
        const part = new Float32Array(batch * width)
        part.set(values.subarray(first * width, (first + batch) * width))
        const found = (await ask.run({ features: part })).logits!.values as Float32Array
        logits.set(found.subarray(0, Math.min(batch, asked - first) * classes), first * classes)
      }
      return logits
    })

  for (let epoch = 0; epoch < s.epochs && !report.stopped(); epoch++) {
    const { values } = views[epoch % views.length]!
    const order = permutation(rows.length, s.seed, purposes.shuffle, epoch)
    let loss = 0
    let rate = 0
    for (let i = 0; i < steps; i++) {
      const chosen = order.subarray(i * batch, (i + 1) * batch).map((place) => rows[place]!)
      const features = new Float32Array(batch * width)
      chosen.forEach((row, b) => features.set(values.subarray(row * width, (row + 1) * width), b * width))
      rate = warmUpThenCosine(epoch + i / steps, {
        peak: (s.baseLearningRate * batch) / 256,
        minimum: 0,
        warmupEpochs: s.warmupEpochs,
        epochs: s.epochs,
      })
      const outputs = await step.run({
        features,
        targets: targetsOf(chosen),
        learningRate: Float32Array.of(rate),
      })
      loss += outputs.loss!.values[0]! / steps
    }
    const { top1, top5, balanced, meanIou } = (epoch + 1) % scoreEvery === 0 ? await score() : unknown
    report.epoch({ epoch: epoch + 1, loss, learningRate: rate, top1, top5, balanced, meanIou })
    await new Promise((resolve) => setImmediate(resolve)) // let messages in
  }
  const outcome = { score: await score(), classifier: await state.read() }
  await step.dispose()
  await ask.dispose()
  state.dispose()
  return outcome
}

const unknown = { top1: null, top5: null, balanced: null, meanIou: undefined }
