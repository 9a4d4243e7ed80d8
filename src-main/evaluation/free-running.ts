import { patchCount } from '../saim/order'
import type { CheckpointModel } from './checkpoint-model'
import { unpatchify } from './pictures'
import { reconstruction } from './reconstruct'

/** Statistics of a first patch that nothing is known of yet: the mean of ImageNet, half of its deviation. */
const unknown = { mean: 0, deviation: 0.5 }

/**
 * The image as the model paints it: the first `given` patches of the order are the image's own, every later one is
 * predicted from those before it, predictions included. Two approximations: predictions are of the smoothed image,
 * while in training the model sees sharp patches; and under norm_pix, where the model predicts no mean and deviation of
 * a patch, they are those of the patches before it, the nearer the more (1 / distance²).
 *
 * image [S, S, 3] and order [N] -> pixels [S, S, 3], normalised.
 */
export async function runFreely(
  model: CheckpointModel,
  image: Float32Array,
  order: Int32Array,
  given: number,
  onStep?: (done: number) => void,
): Promise<Float32Array> {
  const { h } = model
  const count = patchCount(h)
  const places = pixelPlaces(h)
  const perPatch = places.length / count
  const painted = image.slice()
  for (const patch of order.subarray(given))
    for (let i = 0; i < perPatch; i++) painted[places[patch * perPatch + i]!] = 0
  // Of the picture without its later patches, which the blur would let into the statistics of those before.
  const start = await model.ask(reconstruction, { images: painted, order })
  const mean = start['patchMean']!.values.slice()
  const deviation = start['patchDeviation']!.values.slice()
  for (let k = given; k < count; k++) {
    const patch = order[k]!
    if (h.normalizePixels) {
      const nearby = weightsByDistance(patch, order.subarray(0, k), Math.sqrt(count))
      mean[patch] = average(mean, nearby) ?? unknown.mean
      deviation[patch] = average(deviation, nearby) ?? unknown.deviation
    }
    const { prediction } = await model.ask(reconstruction, { images: painted, order })
    for (let i = patch * perPatch; i < (patch + 1) * perPatch; i++)
      painted[places[i]!] = prediction!.values[i]! * deviation[patch]! + mean[patch]!
    onStep?.(k + 1)
    await new Promise((resolve) => setImmediate(resolve)) // let messages in
  }
  return painted
}

/** Where each value of patches [N, p·p·3] lies in pixels [S, S, 3]. */
function pixelPlaces(h: { imageSize: number; patchSize: number }): Int32Array {
  const places = new Int32Array(h.imageSize ** 2 * 3)
  unpatchify([...places.keys()], h).forEach((value, pixel) => (places[value] = pixel))
  return places
}

/** For each patch that is known how much it says of `patch`: 1 / distance². */
const weightsByDistance = (patch: number, known: Int32Array, grid: number): [number, number][] =>
  Array.from(known, (other) => [
    other,
    1 / (((patch % grid) - (other % grid)) ** 2 + (Math.floor(patch / grid) - Math.floor(other / grid)) ** 2),
  ])

/** Weighted mean of values; null of none. */
function average(values: ArrayLike<number>, weights: [number, number][]): number | null {
  if (weights.length === 0) return null
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
  return weights.reduce((sum, [i, weight]) => sum + values[i]! * weight, 0) / total
}
