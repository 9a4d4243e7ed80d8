import path from 'node:path'
import type { Engine } from '#engine/engine'
import type { Listed } from '#images/listed'
import { imageInputs } from '#model/objectives/pretrain'
import type { CheckpointModel, Question } from '#inference/checkpoint-model'
import { type FeatureRows, nearest } from '#inference/features/knn'
import { featuresStep } from '#inference/features/features-step'
import { centreOf, without } from '#inference/labels/few-shot'
import { kCentres } from '#inference/order/diverse'
import { joined, overImages } from '#inference/over-images'
import { rowsAt } from '#inference/rows'
import { AppError } from '#shared/errors'
import { evenIndices } from '#shared/spread'
import { counted } from '#shared/words'

/**
 * What is odd in images, by Roth et al., "Towards total recall in industrial anomaly detection" (PatchCore): the distance of each
 * patch from the patches of ordinary images. Features are those of the encoder's last block, each the mean of its neighbourhood;
 * what ordinary patches have in common is taken away, since it hides how they differ, and each is of length 1. The paper's weighting of an
 * image's score by the neighbours of the patch found is left out.
 */

type Images = Pick<Listed, 'folder' | 'images'>

const batchSize = 32
/** Patches of ordinary images that the bank is chosen from, and images that these are of. */
const pool = { patches: 10_000, images: 2000 }

const question: Question = {
  name: 'patches',
  step: (h) => featuresStep(h, ['patchTokens']),
  inputs: (h) => ({ images: imageInputs(h, batchSize)['images']! }),
}

/** The patches of images that were read: their places in the list, and the features [places.length · N, width]. */
async function* patchesOf(model: CheckpointModel, { folder, images }: Images, stopped?: () => boolean) {
  const { imageSize, patchSize, width } = model.h
  const list = { folder, images, statistics: model.statistics, decoders: 0 }
  const run = (pixels: Float32Array) => model.ask(question, { images: pixels })
  const asked = overImages(list, { size: imageSize, batch: batchSize, stopped }, run)
  for await (const { places, rows, done } of asked) {
    const patches = neighbourhoods({ values: rows['patchTokens']!, width }, imageSize / patchSize)
    yield { places, patches, done }
  }
}

/** Each patch of grids [n, grid, grid, width] as the mean of the 3 × 3 patches around it that there are. */
export function neighbourhoods({ values, width }: FeatureRows, grid: number): FeatureRows {
  const mean = new Float32Array(values.length)
  const ends = (at: number) => [Math.max(0, at - 1), Math.min(grid - 1, at + 1)] as const
  for (let patch = 0; patch < values.length / width; patch++) {
    const [row, column] = [Math.floor(patch / grid) % grid, patch % grid]
    const [[top, bottom], [left, right]] = [ends(row), ends(column)]
    const share = 1 / ((bottom - top + 1) * (right - left + 1))
    for (let y = top; y <= bottom; y++)
      for (let x = left; x <= right; x++) {
        const other = patch + (y - row) * grid + x - column
        for (let i = 0; i < width; i++) mean[patch * width + i]! += share * values[other * width + i]!
      }
  }
  return { values: mean, width }
}

/** Patches of ordinary images that stand for all of them, without what all have in common, at length 1; and the file that each is of. */
export interface Bank extends FeatureRows {
  centre: Float32Array
  of: string[]
}

/** As many patches of ordinary images as asked for, by k-centre greedy. Throws AppError too-few-images. */
export async function memoryBank(
  model: CheckpointModel,
  { folder, images }: Images,
  size: number,
  stopped?: () => boolean,
): Promise<Bank> {
  const { width } = model.h
  const chosen = evenIndices(images.length, pool.images).map((at) => images[at]!)
  const perImage = Math.ceil(pool.patches / chosen.length)
  const parts: Float32Array[] = []
  const of: string[] = []
  for await (const { places, patches } of patchesOf(model, { folder, images: chosen }, stopped)) {
    const each = patches.values.length / width / places.length
    const some = places.flatMap((_, i) => evenIndices(each, perImage).map((at) => i * each + at))
    parts.push(rowsAt(patches.values, width, some))
    of.push(...some.map((row) => path.join(folder, chosen[places[Math.floor(row / each)]!]!.path)))
  }
  if (new Set(of).size < 2)
    throw new AppError(
      'too-few-images',
      `${counted(new Set(of).size, 'ordinary images')} can be read; 2 are needed.`,
      'Choose more ordinary images.',
    )
  return coreset({ values: joined(parts), width }, of, size)
}

export async function coreset(
  { values: all, width }: FeatureRows,
  of: string[],
  size: number,
): Promise<Bank> {
  const centre = centreOf(all, width)
  const values = without(centre, all)
  const chosen = await kCentres({ values, width }, Math.min(size, of.length), 0)
  return { values: rowsAt(values, width, chosen), width, centre, of: chosen.map((row) => of[row]!) }
}

/**
 * The distance of each patch from the nearest of the bank, 0 to 2. Patches of the bank that are of the same image do not count, so
 * that an ordinary image is compared with the others. `of` is the file that each patch is of.
 */
export async function distances(
  engine: Engine,
  bank: Bank,
  patches: FeatureRows,
  of: (patch: number) => string,
): Promise<Float32Array> {
  const own = new Map<string, number>()
  for (const file of bank.of) own.set(file, (own.get(file) ?? 0) + 1)
  const total = patches.values.length / patches.width
  const files = new Set(Array.from({ length: total }, (_, patch) => of(patch)))
  const most = Math.max(0, ...[...files].map((file) => own.get(file) ?? 0))
  const k = Math.min(1 + most, bank.of.length)
  const { indices, similarities } = await nearest(
    engine,
    bank,
    { values: without(bank.centre, patches.values), width: patches.width },
    k,
  )
  return Float32Array.from({ length: total }, (_, patch) => {
    for (let i = patch * k; i < (patch + 1) * k; i++)
      if (bank.of[indices[i]!] !== of(patch)) return Math.sqrt(Math.max(0, 2 - 2 * similarities[i]!))
    return 0 // the whole bank is of this image
  })
}

/** How odd an image is: the distances of its patches, row by row, and the largest of them. */
export interface Oddness {
  /** The image's place in the list. */
  place: number
  patches: Float32Array
  score: number
}

/** How odd images are beside a bank of ordinary ones, some at a time, and how many of the list are done. */
export async function* oddness(
  engine: Engine,
  model: CheckpointModel,
  bank: Bank,
  asked: Images,
  stopped?: () => boolean,
): AsyncGenerator<{ found: Oddness[]; done: number }> {
  for await (const { places, patches, done } of patchesOf(model, asked, stopped)) {
    const each = patches.values.length / patches.width / places.length
    const files = places.map((place) => path.join(asked.folder, asked.images[place]!.path))
    const all = await distances(engine, bank, patches, (patch) => files[Math.floor(patch / each)]!)
    const found = places.map((place, i) => {
      const own = all.slice(i * each, (i + 1) * each)
      return { place, patches: own, score: Math.max(...own) }
    })
    yield { found, done }
  }
}
