import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import type { Device, Division, Engine, State } from '#engine/engine'
import { accumulateInputs, accumulateStep } from '#engine/split/accumulate'
import { type PartPlan, planParts, type Workload } from '#engine/split/parts'
import type { Batch } from '#images/batches'
import { weightCount, weightShapes } from '#model/objectives/index'
import { orders } from '#model/objectives/order'
import { imageInputs, lossAndGradients } from '#model/objectives/pretrain'
import { packWeights } from '#model/optimizers/packing'

export type Images = Pick<Batch, 'images' | 'indices' | 'epoch'>

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

/** Each `size` images of a batch, which they divide evenly. */
export function partsOf(h: Hyperparameters, { images, indices, epoch }: Images, size: number): Images[] {
  const pixels = h.imageSize ** 2 * 3
  return Array.from({ length: indices.length / size }, (_, i) => [i * size, (i + 1) * size] as const).map(
    ([from, to]) => ({
      images: images.subarray(from * pixels, to * pixels),
      indices: indices.slice(from, to),
      epoch,
    }),
  )
}

/** Inputs of a step: images [b, S, S, 3], order [b, N]. */
export const inputsOf = (h: Hyperparameters, { images, indices, epoch }: Images) => ({
  images,
  order: orders(h, h.seed, epoch, indices),
})

/** Sums the gradients of parts, which `state` keeps; answers the sum of their losses, each times its share. */
export async function compileGradients(
  h: Hyperparameters,
  engine: Engine,
  state: State,
  { size, lanes, branches }: PartPlan,
): Promise<(parts: Images[]) => Promise<number>> {
  const share = size / (h.batchSize * h.accumulation)
  const vectors = packWeights(weightShapes(h), engine.device.vectorSize)
  const threads = lanes > 1 ? 1 : undefined
  const program = await engine.compile(
    accumulateStep(
      (weights, { images, order }) => lossAndGradients(h, weights, images!, order!, share, branches),
      vectors,
    ),
    state,
    { ...imageInputs(h, size), ...accumulateInputs },
    threads,
  )
  return async (parts) => {
    let loss = 0
    for (const [i, part] of parts.entries()) {
      const kept = Float32Array.of(i === 0 ? 0 : 1)
      loss += (await program.run({ ...inputsOf(h, part), kept }))['loss']!.values[0]!
    }
    return loss
  }
}
