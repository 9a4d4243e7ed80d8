import type { Batch } from '#images/batches'
import type { Manifest } from '#images/manifest'
import { normalise } from '#images/pixels/normalise'
import { encodeSafetensors } from '#formats/safetensors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { PixelStatistics } from '#model/augment/crop'
import { orders } from '#model/objectives/order'
import { writeFolderSafely } from '#storage/files'
import { runPaths } from '#storage/run/run-folder'

/**
 * Keeps what a step was given that gave no number, to look at and to try again: batch.safetensors with normalised
 * images [B, S, S, 3] and order [B, N] of each batch, and images.json with the files they were made of.
 */
export async function keepFailedBatch(
  folder: string,
  step: number,
  { h, statistics, images }: { h: Hyperparameters; statistics: PixelStatistics; images: Manifest },
  batches: Batch[],
): Promise<void> {
  const side = h.imageSize
  const tensors = batches.flatMap(({ images: bytes, epoch, indices }, i) => {
    const order = orders(h, h.seed, epoch, indices)
    const rows = indices.length
    const values = normalise(bytes, statistics)
    return [
      [`images.${i}`, { shape: [rows, side, side, 3], values }],
      [`order.${i}`, { shape: [rows, order.length / rows], values: order }],
    ] as const
  })
  const names = batches.map(({ indices }) => indices.map((index) => images.at(index).path))
  await writeFolderSafely(
    runPaths(folder).failure(step),
    {
      'batch.safetensors': encodeSafetensors(Object.fromEntries(tensors), { step: String(step) }),
      'images.json': JSON.stringify(names, null, 2),
    },
    true,
  )
}
