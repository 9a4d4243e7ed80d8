import type { Score } from '#shared/contract'
import type { ProbeSettings, SegmentationSettings } from '#shared/settings/evaluation'
import { permutation, purposes } from '#shared/random'
import type { Engine } from '#engine/engine'
import { probeInputs, probeLogitsStep, probeState, probeStep } from '#model/heads/probe'
import { mixedTargets } from '#model/augment/mixing'
import { warmUpThenCosine } from '#model/optimizers/schedule'
import type { Reporter } from './subject'
import type { Outcome } from '#storage/evaluation-folder'
import type { FeatureRows } from '#inference/features/knn'
import { rowsAt } from '#inference/rows'
import { messagesRead } from '#platform/background'
import { scoreOf, softmax } from './score'

/** Features of the training images as they are seen in an epoch and of the validation images, with their labels. */
export interface ProbeData {
  classes: string[]
  viewOf(epoch: number): Promise<FeatureRows>
  labels: Int32Array
  validation: { features: FeatureRows; labels: Int32Array; paths: string[] }
}

/** What a linear layer learns from frozen features, and how it is scored. */
interface LinearTask {
  classes: number
  /** Length of a row of features. */
  width: number
  /** Features of the images as they are seen in an epoch. */
  viewOf(epoch: number): Promise<FeatureRows>
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
  { classes, viewOf, labels, validation }: ProbeData,
  report: Reporter,
): Promise<Outcome> =>
  trainLinear(
    engine,
    s,
    {
      classes: classes.length,
      width: validation.features.width,
      viewOf,
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
  s: SegmentationSettings | ProbeSettings,
  { classes, width, viewOf, rows, targetsOf, scoreEvery, score: scoreBy }: LinearTask,
  report: Reporter,
): Promise<Outcome> {
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

  let best: Outcome | null = null
  for (let epoch = 0; epoch < s.epochs; epoch++) {
    const { values } = await viewOf(epoch)
    if (report.stopped()) break
    const order = permutation(rows.length, s.seed, purposes.shuffle, epoch)
    let loss = 0
    let rate = 0
    for (let i = 0; i < steps; i++) {
      const chosen = order.subarray(i * batch, (i + 1) * batch).map((place) => rows[place]!)
      const features = rowsAt(values, width, chosen)
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
    const found = (epoch + 1) % scoreEvery === 0 ? await score() : null
    const { top1, top5, balanced, meanIou } = found ?? unknown
    if ('report' in s && s.report === 'best' && found && (!best || found.top1 > best.score.top1))
      best = { score: { ...found, epoch: epoch + 1 }, classifier: await state.read() }
    report.epoch({ epoch: epoch + 1, loss, learningRate: rate, top1, top5, balanced, meanIou })
    await messagesRead()
  }
  const outcome = best ?? { score: await score(), classifier: await state.read() }
  await step.dispose()
  await ask.dispose()
  state.dispose()
  return outcome
}

const unknown = { top1: null, top5: null, balanced: null, meanIou: undefined }
