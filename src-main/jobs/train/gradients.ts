import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import type { Device, Division, Engine, State } from '#engine/engine'
import { accumulateInputs, accumulateStep } from '#engine/split/accumulate'
import { type PartPlan, planParts, type Workload } from '#engine/split/parts'
import type { Batch } from '#images/batches'
import type { PixelStatistics } from '#model/augment/crop'
import { byteInputs, ofBytes } from '#model/augment/normalise'
import { weightCount, weightShapes } from '#model/objectives/index'
import { ordersWithPlaces } from '#model/objectives/order'
import { imageInputs, lossAndGradients } from '#model/objectives/pretrain'
import { packWeights } from '#model/optimizers/packing'

/** Images as bytes, or normalised. */
export interface Images<Pixels = Uint8Array> extends Pick<Batch, 'indices' | 'epoch'> {
  images: Pixels
}

/**
 * Whether cores are faster with images of their own than sharing each product. Not with many weights: each core needs a copy
 * of them or of their gradients, and the products are large enough to be shared.
 */
export const isForCores = (h: Hyperparameters): boolean => weightCount(h) <= 2.5e7

/** What an update of a run computes; the widest tensors of a block are [images, N, 4C] and [images, heads, N, N]. */
export const workloadOf = (h: Hyperparameters): Workload => ({
  batchSize: h.batchSize,
  batches: h.accumulation,
  imageBytes: patchCount(h) * Math.max(4 * h.width, h.heads * patchCount(h)) * 4,
  forCores: isForCores(h),
})

export const planOf = (h: Hyperparameters, division: Division): PartPlan => planParts(workloadOf(h), division)

/** How many images training computes at the same time. What is computed beside it takes no more, and so no more memory. */
export function imagesAtOnce(h: Hyperparameters, device: Device): number {
  const { size, lanes } = planOf(h, device)
  return size * lanes
}

/** Where each `size` of so many images begin, which they divide evenly. */
export const partsOf = (count: number, size: number): number[] =>
  Array.from({ length: count / size }, (_, i) => i * size)

/** `size` images of a batch. */
export function partOf<Pixels extends Uint8Array | Float32Array>(
  h: Hyperparameters,
  { images, indices, epoch }: Images<Pixels>,
  from: number,
  size: number,
): Images<Pixels> {
  const pixels = h.imageSize ** 2 * 3
  return {
    images: images.subarray(from * pixels, (from + size) * pixels) as Pixels,
    indices: indices.slice(from, from + size),
    epoch,
  }
}

/** Inputs of a step: images [b, S, S, 3], order [b, 2, N]. */
export const inputsOf = <Pixels>(h: Hyperparameters, { images, indices, epoch }: Images<Pixels>) => ({
  images,
  order: ordersWithPlaces(h, h.seed, epoch, indices),
})

/**
 * Adds the gradients of a part to a sum, which `state` keeps and the first part begins anew; answers the part's loss, times its
 * share.
 */
export type AddGradients = (part: Images, isFirst: boolean) => Promise<number>

export async function compileGradients(
  h: Hyperparameters,
  statistics: PixelStatistics,
  engine: Engine,
  state: State,
  { size, lanes, branches }: PartPlan,
): Promise<AddGradients> {
  const share = size / (h.batchSize * h.accumulation)
  const vectors = packWeights(weightShapes(h), engine.device.vectorSize)
  const threads = lanes > 1 ? 1 : undefined
  const step = accumulateStep(
    (weights, { images, order }) => lossAndGradients(h, weights, images!, order!, share, branches),
    vectors,
  )
  const program = await engine.compile(
    ofBytes(step, statistics),
    state,
    { ...byteInputs(imageInputs(h, size)), ...accumulateInputs },
    threads,
  )
  return async (part, isFirst) => {
    const kept = Float32Array.of(isFirst ? 0 : 1)
    return (await program.run({ ...inputsOf(h, part), kept }))['loss']!.values[0]!
  }
}
