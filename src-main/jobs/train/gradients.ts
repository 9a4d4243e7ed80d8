import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Batch } from '#images/batches'
import type { Device, Division, Engine, State } from '#engine/engine'
import { orders, patchCount } from '#model/objectives/order'
import { accumulateInputs, accumulateStep, weightVectors } from '#model/objectives/pretrain'
import { weightCount } from '#model/objectives/weights'

export type Images = Pick<Batch, 'images' | 'indices' | 'epoch'>

/** How the images of an update are computed: in parts of `size`, dealt to `lanes` cores or each divided among `branches`. */
export interface PartPlan {
  size: number
  lanes: number
  branches: number
}

/**
 * Whether cores are faster with images of their own than sharing each product. Not with many weights: each core needs a copy
 * of them or of their gradients, and the products are large enough to be shared.
 */
export const isForCores = (h: Hyperparameters): boolean => weightCount(h) <= 2.5e7

/** The plan that computes fastest. A single part may still be the whole batch. */
export function planParts(h: Hyperparameters, { fastestBytes, lanes, branches }: Division): PartPlan {
  const images = h.batchSize * h.accumulation
  // After each part the gradients of all weights are added up: with many weights larger parts are faster.
  if (!isForCores(h)) return { size: partSize(h, 2 * fastestBytes * lanes * branches), lanes: 1, branches: 1 }
  if (lanes === 1) {
    const size = partSize(h, fastestBytes * branches, h.batchSize, branches)
    return { size, lanes, branches: Math.min(branches, size) }
  }
  const size = partSize(h, fastestBytes, Math.max(1, Math.floor(images / lanes)))
  return { size, lanes: Math.min(lanes, images / size), branches: 1 }
}

/** How many images training computes at the same time. What is computed beside it takes no more, and so no more memory. */
export function imagesAtOnce(h: Hyperparameters, device: Device): number {
  const { size, lanes } = planParts(h, device)
  return size * lanes
}

/**
 * How many images of a batch are computed at once: as many, of those that divide it evenly, as keep the widest tensors of
 * a block, [images, N, 4C] and [images, heads, N, N], within what computes fastest, and are not more than `most`; where
 * none do, the least from `least` on. What a batch needs of memory shrinks with them.
 */
function partSize(h: Hyperparameters, fastestBytes: number, most = h.batchSize, least = 1): number {
  const imageBytes = patchCount(h) * Math.max(4 * h.width, h.heads * patchCount(h)) * 4
  const sizes = Array.from({ length: h.batchSize }, (_, i) => i + 1).filter(
    (size) => h.batchSize % size === 0 && size >= Math.min(least, h.batchSize),
  )
  return sizes.filter((size) => size <= most && size * imageBytes <= fastestBytes).at(-1) ?? sizes[0]!
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
  const vectors = weightVectors(h, engine.device.vectorSize)
  const threads = lanes > 1 ? 1 : undefined
  const program = await engine.compile(
    accumulateStep(h, vectors, share, branches),
    state,
    accumulateInputs(h, size),
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
