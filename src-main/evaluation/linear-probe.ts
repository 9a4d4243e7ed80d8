import type { ProbeSettings } from '../../src-shared/evaluation-settings'
import { permutation, purposes } from '../../src-shared/random'
import type { Engine } from '../engine/engine'
import { probeInputs, probeLogitsStep, probeState, probeStep } from '../saim/probe'
import { mixedTargets } from '../saim/mixing'
import { warmUpThenCosine } from '../saim/schedule'
import type { Outcome, Reporter } from './evaluation'
import type { FeatureRows } from './knn'
import { scoreOf } from './score'

/** Features of views of the training images and of the validation images, with their labels. */
export interface ProbeData {
  classes: string[]
  views: FeatureRows[]
  labels: Int32Array
  validation: { features: FeatureRows; labels: Int32Array }
}

/** Trains the linear probe on features and scores it after each epoch. */
export async function trainProbe(
  engine: Engine,
  s: ProbeSettings,
  { classes, views, labels, validation }: ProbeData,
  report: Reporter,
): Promise<Outcome> {
  const { width } = views[0]!
  const batch = Math.min(s.batchSize, labels.length)
  const state = engine.createState(probeState(width, classes.length, s.seed))
  const inputs = probeInputs(batch, width, classes.length)
  const step = await engine.compile(probeStep(s), state, inputs)
  const ask = await engine.compile(probeLogitsStep, state, { features: inputs.features })
  const steps = Math.floor(labels.length / batch)

  const score = async () => {
    const { features, labels: wanted } = validation
    const logits = new Float32Array(wanted.length * classes.length)
    for (let first = 0; first < wanted.length; first += batch) {
      const part = new Float32Array(batch * width)
      part.set(features.values.subarray(first * width, (first + batch) * width))
      const found = (await ask.run({ features: part })).logits!.values as Float32Array
      logits.set(
        found.subarray(0, Math.min(batch, wanted.length - first) * classes.length),
        first * classes.length,
      )
    }
    return scoreOf(logits, wanted, classes)
  }

  for (let epoch = 0; epoch < s.epochs && !report.stopped(); epoch++) {
    const { values } = views[epoch % views.length]!
    const order = permutation(labels.length, s.seed, purposes.shuffle, epoch)
    let loss = 0
    let rate = 0
    for (let i = 0; i < steps; i++) {
      const chosen = order.subarray(i * batch, (i + 1) * batch)
      const features = new Float32Array(batch * width)
      chosen.forEach((image, b) =>
        features.set(values.subarray(image * width, (image + 1) * width), b * width),
      )
      const targets = mixedTargets(
        Array.from(chosen, (image) => labels[image]!),
        classes.length,
        {
          smoothing: 0,
          share: 1,
        },
      )
      rate = warmUpThenCosine(epoch + i / steps, {
        peak: (s.baseLearningRate * batch) / 256,
        minimum: 0,
        warmupEpochs: s.warmupEpochs,
        epochs: s.epochs,
      })
      const outputs = await step.run({ features, targets, learningRate: Float32Array.of(rate) })
      loss += outputs.loss!.values[0]! / steps
    }
    const { top1, top5, balanced } = await score()
    report.epoch({ epoch: epoch + 1, loss, learningRate: rate, top1, top5, balanced })
    await new Promise((resolve) => setImmediate(resolve)) // let messages in
  }
  const outcome = { score: await score(), classifier: await state.read() }
  await step.dispose()
  await ask.dispose()
  state.dispose()
  return outcome
}
