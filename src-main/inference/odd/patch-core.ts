import type { Engine } from '#engine/engine'
import type { Listed } from '#images/listed'
import { imageInputs } from '#model/objectives/pretrain'
import type { CheckpointModel, Question } from '#inference/checkpoint-model'
import { type FeatureRows, nearest, unitRows } from '#inference/features/knn'
import { featuresStep } from '#inference/features/features-step'
import { kCentres } from '#inference/order/diverse'
import { joined, overImages } from '#inference/over-images'
import { rowsAt } from '#inference/rows'
import { evenIndices } from '#shared/spread'

/**
 * What is odd in images, by Roth et al., "Towards total recall in industrial anomaly detection" (PatchCore): the distance of each
 * patch from the patches of ordinary images. Features are those of the encoder's last block, each the mean of its neighbourhood,
 * at length 1; the paper's weighting of an image's score by the neighbours of the patch found is left out.
 */

type Images = Pick<Listed, 'folder' | 'images'>

const batchSize = 32
/** Patches of ordinary images that the bank is chosen from. */
const pool = 20_000

const question: Question = {
  name: 'patches',
  step: (h) => featuresStep(h, ['patchTokens']),
  inputs: (h) => ({ images: imageInputs(h, batchSize)['images']! }),
}

/** The patches of images that were read: their places in the list, and the features [places.length · N, width]. */
export async function* patchesOf(model: CheckpointModel, { folder, images }: Images) {
  const { imageSize, patchSize, width } = model.h
  const list = { folder, images, statistics: model.statistics, decoders: 0 }
  const run = (pixels: Float32Array) => model.ask(question, { images: pixels })
  for await (const { places, rows } of overImages(list, { size: imageSize, batch: batchSize }, run))
    yield { places, patches: neighbourhoods({ values: rows['patchTokens']!, width }, imageSize / patchSize) }
}

/** Each patch of grids [n, grid, grid, width] as the mean of the 3 × 3 patches around it that there are, at length 1. */
export function neighbourhoods({ values, width }: FeatureRows, grid: number): FeatureRows {
  const mean = new Float32Array(values.length)
  for (let patch = 0; patch < values.length / width; patch++) {
    const [row, column] = [Math.floor(patch / grid) % grid, patch % grid]
    for (let y = Math.max(0, row - 1); y <= Math.min(grid - 1, row + 1); y++)
      for (let x = Math.max(0, column - 1); x <= Math.min(grid - 1, column + 1); x++) {
        const other = patch + (y - row) * grid + x - column
        for (let i = 0; i < width; i++) mean[patch * width + i]! += values[other * width + i]!
      }
  }
  // How many there are does not matter at length 1.
  return { values: unitRows({ values: mean, width }), width }
}

/** Patches of ordinary images that stand for all of them: as many as asked for, by k-centre greedy. */
export async function memoryBank(
  model: CheckpointModel,
  { folder, images }: Images,
  size: number,
): Promise<FeatureRows> {
  const { width } = model.h
  const parts: Float32Array[] = []
  const perImage = Math.ceil(pool / images.length)
  for await (const { places, patches } of patchesOf(model, { folder, images })) {
    const each = patches.values.length / width / places.length
    const some = places.flatMap((_, i) => evenIndices(each, perImage).map((at) => i * each + at))
    parts.push(rowsAt(patches.values, width, some))
  }
  return coreset({ values: joined(parts), width }, size)
}

export async function coreset({ values, width }: FeatureRows, size: number): Promise<FeatureRows> {
  const chosen = await kCentres({ values, width }, Math.min(size, values.length / width), 0)
  return { values: rowsAt(values, width, chosen), width }
}

/** The distance of each patch from the nearest of the bank, 0 to 2. */
export async function distances(
  engine: Engine,
  bank: FeatureRows,
  patches: FeatureRows,
): Promise<Float32Array> {
  const { similarities } = await nearest(engine, bank, patches, 1)
  return similarities.map((similarity) => Math.sqrt(Math.max(0, 2 - 2 * similarity)))
}
