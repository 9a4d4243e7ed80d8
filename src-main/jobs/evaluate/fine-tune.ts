import type { FineTuneSettings } from '#shared/settings/evaluation'
import type { Score } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { normals, purposes, uniforms } from '#shared/random'
import type { Engine, Program, State } from '#engine/engine'
import type { PixelStatistics } from '#model/augment/crop'
import type { StepFunction } from '#model/tensor/step'
import { openBatches } from '#images/batches'
import { Manifest } from '#images/manifest'
import { cacheLimits } from '#images/pixel-cache'
import { messagesRead } from '#platform/background'
import { cacheFolder } from '#platform/paths'
import { withMoments } from '#model/optimizers/adamw'
import {
  accumulateFineTuneStep,
  classifierWeights,
  classifyStep,
  fineTuneCarried,
  fineTuneInputs,
  fineTuneRates,
  fineTuneStep,
  gradientSums,
  imageSizeOf,
  updateFineTuneStep,
} from '#model/heads/classifier'
import { erase, erasedBox, erasingDraws } from '#model/augment/erasing'
import { byteInputs, ofBytes } from '#model/augment/normalise'
import { normalise } from '#images/pixels/normalise'
import { dropPathFactors } from '#model/augment/drop-path'
import { drawMixing, mixedTargets, mixingDraws } from '#model/augment/mixing'
import { warmUpThenCosine } from '#model/optimizers/schedule'
import { freeDiskBytes } from '#storage/disk'
import type { Reporter, Subject } from './subject'
import type { Outcome } from '#storage/evaluation-folder'
import { ForwardPass } from '#inference/features/forward-pass'
import type { Task } from './labelled'
import { scoreOf, softmax } from './score'

/** Keeping may take this share of the time. */
const keepingShare = 0.05

/**
 * Trains encoder and classifier on a task from a subject's weights (paper, Table 7), and scores it after each epoch. What is
 * kept on the way is enough to go on from.
 */
export async function fineTune(
  { engine, h: pretraining, weights: pretrained, decoders, statistics }: Subject,
  given: FineTuneSettings,
  task: Task,
  report: Reporter,
): Promise<Outcome> {
  const { classes, train, validation, folder } = task
  const s = { ...given, batchSize: Math.min(given.batchSize, train.images.length) }
  const size = imageSizeOf(pretraining, s)
  const perEpoch = Math.max(1, Math.floor(train.images.length / s.batchSize))
  const accumulation = Math.min(s.accumulation, perEpoch)
  const weights = classifierWeights(pretrained, pretraining, { ...s, size, classes: classes.length })
  const names = Object.keys(weights)
  const begin = report.kept?.state ?? {
    ...withMoments(weights),
    ...(accumulation > 1 && gradientSums(weights)),
  }
  const state = engine.createState(begin)
  const update = await openUpdates(engine, state, {
    ...{ h: pretraining, s, size, names, accumulation, statistics },
    classes: classes.length,
  })
  const pass = await ForwardPass.open(engine, state, classifyStep(pretraining, s), {
    size,
    decoders,
    statistics,
  })
  let epoch = report.kept?.epoch ?? 0
  const loader = openBatches({
    folder,
    images: await Manifest.of(train.images),
    chosen: Uint32Array.from(train.images.keys()),
    hyperparameters: { ...pretraining, ...s, imageSize: size, cropScaleMaximum: 1 },
    firstBatch: epoch * perEpoch,
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
  const outcomeNow = async (score: Score) => ({ score, classifier: await state.read(names) })
  const rateAt = (index: number) =>
    warmUpThenCosine(index / perEpoch, {
      peak: (s.baseLearningRate * s.batchSize * accumulation) / 256,
      minimum: s.minimumLearningRate,
      warmupEpochs: s.warmupEpochs,
      epochs: s.epochs,
    })
  const keeping = new Keeping()

  try {
    let best = report.kept?.best ?? null
    let last: Score | null = null
    for (; epoch < s.epochs && !report.stopped(); epoch++) {
      let loss = 0
      let rate = 0
      for (let i = 0; i < perEpoch && !report.stopped(); i++) {
        const batch = loader.next()
        await batch.arrived()
        const { images, indices, index } = batch
        const { mask, share } = drawMixing(s, size, uniforms(s.seed, purposes.mixing, index, 0, mixingDraws))
        rate = rateAt(index - (index % accumulation))
        const labels = indices.map((image) => train.labels[image]!)
        loss +=
          (await update(index, rate, {
            images: s.randomErasing > 0 ? erased(normalise(images, statistics), size, s, index) : images,
            mask,
            targets: mixedTargets(labels, classes.length, { smoothing: s.labelSmoothing, share }),
            kept: dropPathFactors(
              { rate: s.dropPath, depth: pretraining.depth, seed: s.seed },
              s.batchSize,
              index,
            ),
          })) / perEpoch
        loader.recycle(batch)
        if (!Number.isFinite(loss))
          throw new AppError(
            'not-finite',
            `The loss became NaN or infinite in epoch ${epoch + 1}.`,
            'Choose a lower base learning rate.',
          )
        await messagesRead()
      }
      if (report.stopped()) break
      last = await scoreNow()
      const { top1, top5, balanced } = last
      report.epoch({ epoch: epoch + 1, loss, learningRate: rate, top1, top5, balanced })
      if (s.report === 'best' && (!best || top1 > best.score.top1))
        best = await outcomeNow({ ...last, epoch: epoch + 1 })
      await keeping.now(async () => report.keep({ epoch: epoch + 1, state: await state.read(), best }))
    }
    return best ?? (await outcomeNow(last && !report.stopped() ? last : await scoreNow()))
  } finally {
    await loader.close()
    await pass.close()
    await update.dispose()
    state.dispose()
  }
}

/** Keeps what is kept so seldom that it takes little of the time. */
class Keeping {
  private next = 0

  async now(keep: () => Promise<void>): Promise<void> {
    const begin = performance.now()
    if (begin < this.next) return
    await keep()
    const end = performance.now()
    this.next = end + (end - begin) / keepingShare
  }
}

/** Normalised images, of some of which a box is erased. */
function erased(
  images: Float32Array,
  size: number,
  { randomErasing, seed }: FineTuneSettings,
  index: number,
): Float32Array {
  const length = size * size * 3
  for (let b = 0; b * length < images.length; b++) {
    const box = erasedBox(size, randomErasing, uniforms(seed, purposes.erasing, index, b, erasingDraws))
    if (!box) continue
    const noise = normals(seed, purposes.erasingNoise, index, b, box.width * box.height * 3)
    erase(images.subarray(b * length, (b + 1) * length), size, box, noise)
  }
  return images
}

interface Updating {
  h: Hyperparameters
  s: FineTuneSettings
  size: number
  classes: number
  names: string[]
  accumulation: number
  statistics: PixelStatistics
}

/** Takes batches one after the other and updates the weights after every `accumulation` of them; answers a batch's loss. */
async function openUpdates(
  engine: Engine,
  state: State,
  { h, s, size, classes, names, accumulation, statistics }: Updating,
) {
  // What is erased is erased after normalisation; otherwise images come as bytes, which are fewer.
  const normalised = s.randomErasing > 0
  const inputs = fineTuneInputs(h, s, size, classes)
  const batch = normalised ? inputs : byteInputs(inputs)
  const withImages = (step: StepFunction) => (normalised ? step : ofBytes(step, statistics))
  const rates = (index: number, rate: number) => ({
    learningRate: Float32Array.of(rate),
    step: Float32Array.of(Math.floor(index / accumulation) + 1),
  })
  type Inputs = Parameters<Program['run']>[0]
  if (accumulation === 1) {
    const step = await engine.compile(withImages(fineTuneStep(h, s, names)), state, {
      ...batch,
      ...fineTuneRates,
    })
    const run = async (index: number, rate: number, inputs: Inputs) =>
      (await step.run({ ...inputs, ...rates(index, rate) })).loss!.values[0]!
    return Object.assign(run, { dispose: () => step.dispose() })
  }
  const accumulate = await engine.compile(
    withImages(accumulateFineTuneStep(h, s, names, 1 / accumulation)),
    state,
    {
      ...batch,
      ...fineTuneCarried,
    },
  )
  const step = await engine.compile(updateFineTuneStep(h, s, names), state, fineTuneRates)
  const run = async (index: number, rate: number, inputs: Inputs) => {
    const carried = Float32Array.of(index % accumulation === 0 ? 0 : 1)
    const { loss } = await accumulate.run({ ...inputs, carried })
    if ((index + 1) % accumulation === 0) await step.run(rates(index, rate))
    return loss!.values[0]!
  }
  const dispose = async () => {
    await accumulate.dispose()
    await step.dispose()
  }
  return Object.assign(run, { dispose })
}
