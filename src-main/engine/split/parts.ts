import type { Division } from '#engine/engine'

/** What an update computes. */
export interface Workload {
  /** Images of a batch, and batches of an update. */
  batchSize: number
  batches: number
  /** Bytes of the widest tensors that the step makes of an image. */
  imageBytes: number
  /** Whether cores are faster with images of their own than sharing each product. */
  forCores: boolean
}

/** How the images of an update are computed: in parts of `size`, dealt to `lanes` cores or each divided among `branches`. */
export interface PartPlan {
  size: number
  lanes: number
  branches: number
}

/** The plan that computes fastest. A single part may still be the whole batch. */
export function planParts(work: Workload, { fastestBytes, lanes, branches }: Division): PartPlan {
  const images = work.batchSize * work.batches
  // After each part the gradients of all weights are added up: with many weights larger parts are faster.
  if (!work.forCores)
    return { size: partSize(work, 2 * fastestBytes * lanes * branches), lanes: 1, branches: 1 }
  if (lanes === 1) {
    const size = partSize(work, fastestBytes * branches, work.batchSize, branches)
    return { size, lanes, branches: Math.min(branches, size) }
  }
  const size = partSize(work, fastestBytes, Math.max(1, Math.floor(images / lanes)))
  return { size, lanes: Math.min(lanes, images / size), branches: 1 }
}

/** Whether an update takes several parts, whose gradients add up. */
export const accumulates = ({ batchSize, batches }: Workload, { size }: PartPlan) =>
  size < batchSize * batches

/**
 * How many images of a batch are computed at once: as many, of those that divide it evenly, as keep the widest tensors
 * within what computes fastest, and are not more than `most`; where none do, the least from `least` on. What a batch needs
 * of memory shrinks with them.
 */
function partSize(
  { batchSize, imageBytes }: Workload,
  fastestBytes: number,
  most = batchSize,
  least = 1,
): number {
  const sizes = Array.from({ length: batchSize }, (_, i) => i + 1).filter(
    (size) => batchSize % size === 0 && size >= Math.min(least, batchSize),
  )
  return sizes.filter((size) => size <= most && size * imageBytes <= fastestBytes).at(-1) ?? sizes[0]!
}

/** Deals parts to lanes in turn, so that what a lane adds up depends on nothing but how many lanes there are. */
export const deal = <Part>(parts: Part[], lanes: number): Part[][] =>
  Array.from({ length: lanes }, (_, lane) => parts.filter((_, i) => i % lanes === lane))
