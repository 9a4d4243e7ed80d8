import type { Batch } from '../data/batches'
import type { Manifest } from '../data/manifest'
import { encodeSafetensors } from '../exporting/safetensors'
import type { Hyperparameters } from '../../src-shared/hyperparameters'
import { orders } from '../saim/order'
import { writeFolderSafely } from './files'
import { runPaths } from './run-folder'

/**
 * Keeps what a step was given that gave no number, to look at and to try again: batch.safetensors with images
 * [B, S, S, 3] and order [B, N] of each batch, and images.json with the files they were made of.
 */
export async function keepFailedBatch(
  folder: string,
  step: number,
  h: Hyperparameters,
  batches: Batch[],
  images: Manifest,
): Promise<void> {
  const side = h.imageSize
  const tensors = batches.flatMap(({ images: values, epoch, indices }, i) => {
    const order = orders(h, h.seed, epoch, indices)
    const rows = indices.length
    return [
      [`images.${i}`, { shape: [rows, side, side, 3], values }],
      [`order.${i}`, { shape: [rows, order.length / rows], values: order }],
    ] as const
  })
  const names = batches.map(({ indices }) => indices.map((index) => images.at(index).path))
  await writeFolderSafely(runPaths(folder).failure(step), {
    'batch.safetensors': encodeSafetensors(Object.fromEntries(tensors), { step: String(step) }),
    'images.json': JSON.stringify(names, null, 2),
  })
}
