import { type Hyperparameters, visiblePatches } from '#shared/settings/hyperparameters'
import type { NamedTensorData } from '#model/tensor/step'
import type { PixelStatistics } from '#model/augment/crop'
import { withPlaces } from '#model/objectives/order'
import { imageInputs, reconstructStep } from '#model/objectives/pretrain'
import type { CheckpointModel, Question } from '#inference/checkpoint-model'
import { errorPicture, patternPicture, pictureOf, unpatchify } from './pictures'

/** What the model predicts of an image, each patch from those before it. Normalised pixels [S, S, 3]. */
export interface Reconstruction {
  original: Float32Array
  /** What is to be predicted. */
  smoothed: Float32Array
  /** Under norm_pix with the mean and deviation of the true patches. */
  prediction: Float32Array
  /** Under norm_pix what is the model's alone: the prediction in deviations of each patch; else null. */
  pattern: Float32Array | null
  /** Loss of each patch, row-major, and the mean of those that are predicted. */
  patchLoss: Float32Array
  loss: number
}

export const reconstruction: Question = {
  name: 'reconstruct',
  step: reconstructStep,
  inputs: (h) => imageInputs(h, 1),
}

/** Predictions of one image [S, S, 3] in an order [N], teacher-forced as in training. */
export async function reconstruct(
  model: CheckpointModel,
  image: Float32Array,
  order: Int32Array,
): Promise<Reconstruction> {
  const outputs = await model.ask(reconstruction, {
    images: image,
    order: withPlaces(order, order.length),
  })
  return reconstructionsOf(model.h, image, outputs)[0]!
}

/** The outputs of `reconstructStep` for images [B, S, S, 3], for each image. */
export function reconstructionsOf(
  h: Hyperparameters,
  images: Float32Array,
  outputs: NamedTensorData,
): Reconstruction[] {
  const length = h.imageSize ** 2 * 3
  const batch = images.length / length
  return Array.from({ length: batch }, (_, b) => {
    const part = (values: Float32Array | Int32Array) => {
      const each = values.length / batch
      return values.subarray(b * each, (b + 1) * each) as Float32Array
    }
    const of = (name: string) => part(outputs[name]!.values)
    const patchLoss = of('patchLoss')
    return {
      original: part(images),
      smoothed: of('smoothed'),
      prediction: unpatchify(coloured(of('prediction'), of('patchMean'), of('patchDeviation')), h),
      pattern: h.normalizePixels ? unpatchify(of('prediction'), h) : null,
      patchLoss,
      loss: patchLoss.reduce((sum, value) => sum + value, 0) / (patchLoss.length - visiblePatches(h)),
    }
  })
}

/** Patches [N, P] given back the mean [N] and deviation [N] that norm_pix took from them. */
function coloured(patches: Float32Array, mean: Float32Array, deviation: Float32Array): Float32Array {
  const pixels = patches.length / mean.length
  return patches.map((value, i) => {
    const patch = Math.floor(i / pixels)
    return value * deviation[patch]! + mean[patch]!
  })
}

/** The pictures that show a reconstruction. */
export const panelsOf = (r: Reconstruction, statistics: PixelStatistics) => ({
  original: pictureOf(r.original, statistics),
  smoothed: pictureOf(r.smoothed, statistics),
  prediction: pictureOf(r.prediction, statistics),
  error: errorPicture(r.smoothed, r.prediction, statistics),
  pattern: r.pattern && patternPicture(r.pattern),
})
