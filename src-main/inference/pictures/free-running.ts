import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import { oneByOneInputs, oneByOneStep, stepsOf } from '#model/objectives/one-by-one'
import { imageInputs } from '#model/objectives/pretrain'
import { smooth, target } from '#model/objectives/target'
import { messagesRead } from '#platform/background'
import type { CheckpointModel, Question } from '#inference/checkpoint-model'
import { patchify, unpatchify } from './pictures'

/** Statistics of a first patch that nothing is known of yet: the mean of ImageNet, half of its deviation. */
const unknown = { mean: 0, deviation: 0.5 }

/** The prediction of one patch after another. */
export const oneByOne: Question = { name: 'one by one', step: oneByOneStep, inputs: oneByOneInputs }

/** By what norm_pix divides the patches of an image: `mean` and `deviation` [1, N, 1]. */
const statistics: Question = {
  name: 'statistics',
  step:
    (h) =>
    (_, { images }) => {
      const { mean, deviation } = target(smooth(images!, h), h)
      return { outputs: { mean, deviation } }
    },
  inputs: (h) => ({ images: imageInputs(h, 1)['images']! }),
}

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
  const perPatch = image.length / count
  const painted = patchify(image, h)
  const patchAt = (patch: number) => painted.subarray(patch * perPatch, (patch + 1) * perPatch)
  for (const patch of order.subarray(given)) patchAt(patch).fill(0)
  // Of the picture without its later patches, which the blur would let into the statistics of those before.
  const start = await model.ask(statistics, { images: unpatchify(painted, h) })
  const mean = start['mean']!.values.slice()
  const deviation = start['deviation']!.values.slice()

  const past = new Float32Array(oneByOneInputs(h)['past']!.shape.reduce((a, b) => a * b))
  for (let i = -h.registers; i < count; i++) {
    const [patch, previous] = [order[Math.max(i, 0)]!, order[Math.max(i - 1, 0)]!]
    const { prediction, made } = await model.ask(oneByOne, {
      pixels: patchAt(previous),
      patch: Int32Array.of(previous),
      next: Int32Array.of(patch),
      step: Float32Array.of(h.registers + i),
      past,
    })
    fillRow(past, h.registers + i, made!.values, h)
    if (i < 0 || i < given) continue
    if (h.normalizePixels) {
      const nearby = weightsByDistance(patch, order.subarray(0, i), Math.sqrt(count))
      mean[patch] = average(mean, nearby) ?? unknown.mean
      deviation[patch] = average(deviation, nearby) ?? unknown.deviation
    }
    patchAt(patch).set(prediction!.values.map((value) => value * deviation[patch]! + mean[patch]!))
    onStep?.(i + 1)
    await messagesRead()
  }
  return unpatchify(painted, h)
}

/** Puts `made` [K, 1, C] into row i of `past` [K, R + N, C]. */
function fillRow(past: Float32Array, i: number, made: ArrayLike<number>, h: Hyperparameters): void {
  const count = stepsOf(h)
  for (let start = 0; start < made.length; start += h.width)
    past.set((made as Float32Array).subarray(start, start + h.width), start * count + i * h.width)
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
