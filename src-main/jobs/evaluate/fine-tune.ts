import type { FineTuneSettings } from '#shared/settings/evaluation'
import { AppError } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { purposes, uniforms } from '#shared/random'
import { openBatches } from '#images/batches'
import { Manifest } from '#images/manifest'
import { cacheLimits } from '#images/pixel-cache'
import { cacheFolder } from '#platform/paths'
import { withMoments } from '#model/optimizers/adamw'
import { classifierWeights, classifyStep, fineTuneInputs, fineTuneStep } from '#model/heads/classifier'
import { byteInputs, ofBytes } from '#model/augment/normalise'
import { dropPathFactors } from '#model/augment/drop-path'
import { drawMixing, mixedTargets, mixingDraws } from '#model/augment/mixing'
import { warmUpThenCosine } from '#model/optimizers/schedule'
import { freeDiskBytes } from '#storage/disk'
import type { Reporter, Subject } from './subject'
import type { Outcome } from '#storage/evaluation-folder'
import { ForwardPass } from '#inference/features/forward-pass'
import type { Task } from './labelled'
import { scoreOf, softmax } from './score'

/** How often a fine-tuning is scored, evenly spread. */
const scores = 20

/** Trains encoder and classifier on a task from a subject's weights (paper, Table 7), and scores it along the way. */
export async function fineTune(
  { engine, h: pretraining, weights: pretrained, decoders, statistics }: Subject,
  given: FineTuneSettings,
  task: Task,
  report: Reporter,
): Promise<Outcome> {
  const { classes, train, validation, folder } = task
  const s = { ...given, batchSize: Math.min(given.batchSize, train.images.length) }
  const size = imageSizeOf(pretraining, s)
  const weights = classifierWeights(pretrained, pretraining, {
    ...s,
    size,
    classes: classes.length,
  })
  const names = Object.keys(weights)
  const state = engine.createState(withMoments(weights))
  const step = await engine.compile(
    ofBytes(fineTuneStep(pretraining, s, names), statistics),
    state,
    byteInputs(fineTuneInputs(pretraining, s, size, classes.length)),
  )
  const pass = await ForwardPass.open(engine, state, classifyStep(pretraining, s), {
    size,
    decoders,
    statistics,
  })
  const loader = openBatches({
    folder,
    images: await Manifest.of(train.images),
    chosen: Uint32Array.from(train.images.keys()),
    hyperparameters: { ...pretraining, ...s, imageSize: size, cropScaleMaximum: 1 },
    firstBatch: 0,
    statistics,
    decoders,
    cacheLimits: cacheLimits(null, s.epochs, await freeDiskBytes(cacheFolder())),
    randAugment: { magnitude: s.randAugmentMagnitude, deviation: s.randAugmentDeviation },
  })
  const scoreNow = async () =>
    scoreOf((await pass.rows(folder, validation.images)).values, validation.labels, classes, {
      paths: validation.images.map(({ path }) => path),
      shares: softmax,
    })

  try {
    const steps = loader.batchesPerEpoch
    for (let epoch = 0; epoch < s.epochs && !report.stopped(); epoch++) {
      let loss = 0
      let rate = 0
      for (let i = 0; i < steps && !report.stopped(); i++) {
        const batch = loader.next()
        await batch.arrived()
        const { images, indices, index } = batch
        const { mask, share } = drawMixing(s, size, uniforms(s.seed, purposes.mixing, index, 0, mixingDraws))
        rate = warmUpThenCosine(epoch + i / steps, {
          peak: (s.baseLearningRate * s.batchSize) / 256,
          minimum: s.minimumLearningRate,
          warmupEpochs: s.warmupEpochs,
          epochs: s.epochs,
        })
        const labels = indices.map((image) => train.labels[image]!)
        const outputs = await step.run({
          images,
          mask,
          targets: mixedTargets(labels, classes.length, { smoothing: s.labelSmoothing, share }),
          kept: dropPathFactors(
            { rate: s.dropPath, depth: pretraining.depth, seed: s.seed },
            s.batchSize,
            index,
          ),
          learningRate: Float32Array.of(rate),
          step: Float32Array.of(index + 1),
        })
        loader.recycle(batch)
        loss += outputs.loss!.values[0]! / steps
        if (!Number.isFinite(loss))
          throw new AppError(
            'not-finite',
            `The loss became NaN or infinite in epoch ${epoch + 1}.`,
            'Choose a lower base learning rate.',
          )
        await new Promise((resolve) => setImmediate(resolve)) // let messages in
      }
      const due = (epoch + 1) % Math.max(1, Math.floor(s.epochs / scores)) === 0
      const { top1, top5, balanced } = due ? await scoreNow() : { top1: null, top5: null, balanced: null }
      if (!report.stopped())
        report.epoch({ epoch: epoch + 1, loss, learningRate: rate, top1, top5, balanced })
    }
    return { score: await scoreNow(), classifier: await state.read(names) }
  } finally {
    await loader.close()
    await pass.close()
    await step.dispose()
    state.dispose()
  }
}

/** Side of the images to classify. Throws AppError bad-settings where it is not a multiple of the patch size. */
export function imageSizeOf(h: Hyperparameters, s: Pick<FineTuneSettings, 'imageSize'>): number {
  const size = s.imageSize || h.imageSize
  if (size % h.patchSize)
    throw new AppError(
      'bad-settings',
      `The image size ${size} is not a multiple of the patch size ${h.patchSize}.`,
      `Choose ${Math.max(1, Math.round(size / h.patchSize)) * h.patchSize}.`,
    )
  return size
}
