import { AppError } from '#shared/errors'
import { hasView, objectives } from '#shared/settings/objectives'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { CheckpointModel } from '#inference/checkpoint-model'
import { runFreely } from './free-running'
import { arranged, enlarged, gif, type Picture, pictureOf, png } from './pictures'
import { reconstruct } from './reconstruct'

/** An image predicted patch after patch. */
export interface Unrolling {
  original: Picture
  /** The given patches and every prediction. */
  prediction: Picture
  order: Int32Array
  given: number
}

interface UnrollOptions {
  /** teacher: each patch from the true ones before it, as in training; free: from the predictions before it. */
  mode: 'teacher' | 'free'
  /** Patches of the beginning that are the image's own. */
  given: number
  onStep?(done: number): void
}

/** Predicts the patches of an image [S, S, 3] in an order [N], one after the other. Throws AppError bad-settings where the objective does not. */
export async function unroll(
  model: CheckpointModel,
  image: Float32Array,
  order: Int32Array,
  { mode, given, onStep }: UnrollOptions,
): Promise<Unrolling> {
  const { objective } = model.h
  if (!hasView(objective, 'autoregression'))
    throw new AppError(
      'bad-settings',
      `${objectives[objective].title} does not predict patches one after another.`,
      'Look at its reconstructions.',
    )
  const original = pictureOf(image, model.statistics)
  if (mode === 'free') {
    const painted = await runFreely(model, image, order, given, onStep)
    return { original, prediction: pictureOf(painted, model.statistics), order, given }
  }
  const { prediction } = await reconstruct(model, image, order)
  const first = order.subarray(0, given)
  return {
    original,
    prediction: withPatches(pictureOf(prediction, model.statistics), original, first, model.h),
    order,
    given,
  }
}

/** Smallest side of saved pictures, in pixels. */
const savedSide = 192
const stripLength = 8
const grey = 128

/** The original beside the picture as it builds up, as an animation that pauses at its end. */
export function animation(unrolling: Unrolling, h: Hyperparameters): Promise<Buffer> {
  const { original, order, given } = unrolling
  const frames = Array.from({ length: order.length - given + 1 }, (_, k) =>
    enlarged(arranged([original, stage(unrolling, given + k, h)]), 2 * savedSide),
  )
  const pause = Math.max(20, Math.round(6000 / frames.length))
  return gif(
    frames,
    frames.map((_, i) => (i === frames.length - 1 ? 2000 : pause)),
  )
}

/** The original and evenly chosen stages side by side. */
export function strip(unrolling: Unrolling, h: Hyperparameters): Promise<Buffer> {
  const { original, order, given } = unrolling
  const stages = Array.from({ length: stripLength }, (_, i) =>
    stage(unrolling, given + Math.round((i * (order.length - given)) / (stripLength - 1)), h),
  )
  const panels = [original, ...stages].map((panel) => enlarged(panel, savedSide))
  return png(arranged(panels))
}

/** The picture once `shown` patches are there; the others are grey. */
function stage({ prediction, order }: Unrolling, shown: number, h: Hyperparameters): Picture {
  const empty = { ...prediction, bytes: new Uint8Array(prediction.bytes.length).fill(grey) }
  return withPatches(empty, prediction, order.subarray(0, shown), h)
}

/** `picture` with some patches of another of the same size. */
function withPatches(picture: Picture, from: Picture, patches: Int32Array, h: Hyperparameters): Picture {
  const grid = h.imageSize / h.patchSize
  const row = h.patchSize * 3
  const bytes = picture.bytes.slice()
  for (const patch of patches)
    for (let y = 0; y < h.patchSize; y++) {
      const start = ((Math.floor(patch / grid) * h.patchSize + y) * grid + (patch % grid)) * row
      bytes.set(from.bytes.subarray(start, start + row), start)
    }
  return { ...picture, bytes }
}
