import { existsSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { permutation, purposes, uniforms } from '#shared/random'
import { augmentation, augmentationDraws, type PixelStatistics, smallestCrop } from '#model/augment/crop'
import { randAugment, randAugmentDraws } from '#model/augment/rand-augment'
import { Decoders } from './decode/decoders'
import type { Manifest } from './manifest'
import { cacheFolder } from '#platform/paths'
import { type CacheLimits, PixelCache } from './pixel-cache'
import { reduceCrop, reductionFor } from './pixels/reduction'

/** A file that was left out while training. */
export interface UnreadableFile {
  path: string
  reason: string
}

export interface Batch {
  /** Counted from the start of the run. */
  index: number
  /** Whole passes over the data set before this batch. */
  epoch: number
  /** [B, size, size, 3], bytes of sRGB in memory that all threads share. */
  images: Uint8Array
  /** Indices of the images in the data set. */
  indices: number[]
  /** Files that could not be decoded, each reported once; another image took their place. */
  unreadable: UnreadableFile[]
  /** Waits until the images from one place up to another are there; all where no places are given. Throws AppError. */
  arrived(from?: number, to?: number): Promise<void>
}

export interface BatchLoader {
  batchesPerEpoch: number
  /** The next batch, whose images are on their way. */
  next(): Batch
  /** Takes the memory of a batch back for another: allocating costs more time than filling. */
  recycle(batch: Batch): void
  close(): Promise<void>
}

interface BatchOptions {
  folder: string
  images: Manifest
  /** The places in `images` of those to take. */
  chosen: Uint32Array
  hyperparameters: Hyperparameters
  /** The batch to start with, counted from the start of the run. */
  firstBatch: number
  statistics: PixelStatistics
  /** Threads; 0 chooses. */
  decoders: number
  /** For decoded images. */
  cacheLimits: CacheLimits
  /** Augmentation of colours and shapes, for fine-tuning. */
  randAugment?: { magnitude: number; deviation: number }
}

/** Batches that are on their way beside those of the step. */
export const ahead = 3

/**
 * The batches of a run, from a given one on, prepared ahead in threads. Which images a batch holds and how they
 * are cropped depends only on (seed, epoch, image), not on threads or on where one began. Each epoch is a new
 * permutation; what is left after the last whole batch is not used in that epoch. A data set smaller than a batch
 * is repeated to fill it.
 */
export function openBatches({
  folder,
  images,
  chosen,
  hyperparameters: h,
  firstBatch,
  statistics,
  decoders,
  cacheLimits,
  randAugment: strength,
}: BatchOptions): BatchLoader {
  const batchesPerEpoch = Math.max(1, Math.floor(chosen.length / h.batchSize))
  const threads = new Decoders(decoders, statistics)
  const cache = new PixelCache(cacheLimits, cacheFolder())
  const reported = new Set<number>()
  const queue: Batch[] = []
  const spare: SharedArrayBuffer[] = []
  let nextIndex = firstBatch

  let shuffled = { epoch: -1, order: chosen }
  /** The images in the order of an epoch. */
  const orderOf = (epoch: number): Uint32Array => {
    if (shuffled.epoch !== epoch) {
      const order = permutation(chosen.length, h.seed, purposes.shuffle, epoch)
      shuffled = { epoch, order: order.map((place) => chosen[place]!) }
    }
    return shuffled.order
  }

  function prepare(index: number): Batch {
    const epoch = Math.floor(index / batchesPerEpoch)
    const order = orderOf(epoch)
    const first = (index % batchesPerEpoch) * h.batchSize
    const length = h.imageSize ** 2 * 3
    const bytes = spare.pop() ?? new SharedArrayBuffer(h.batchSize * length)
    const unreadable: UnreadableFile[] = []
    const indices = Array.from({ length: h.batchSize }, (_, b) => order[(first + b) % order.length]!)

    /** Decodes the image at a place of the batch, or the first of those after it that can be decoded. */
    const fill = async (b: number): Promise<void> => {
      for (let tries = 0; tries < order.length; tries++) {
        const image = order[(first + b + tries * h.batchSize) % order.length]!
        const reason = await decode(image, epoch, bytes, b * length)
        if (reason === null) {
          indices[b] = image
          return
        }
        requireImages(folder, images)
        if (!reported.has(image)) unreadable.push({ path: images.at(image).path, reason })
        reported.add(image)
      }
      throw new AppError(
        'no-images',
        'None of the images in the data set can be decoded.',
        `Check that ${folder} still exists and is readable.`,
      )
    }
    const filled = indices.map((_, b) => fill(b))
    for (const image of filled) image.catch(() => undefined) // arrived() throws it when its turn comes
    const arrived = async (from?: number, to?: number) => void (await Promise.all(filled.slice(from, to)))
    return { index, epoch, images: new Uint8Array(bytes), indices, unreadable, arrived }
  }

  const decode = (image: number, epoch: number, batch: SharedArrayBuffer, offset: number) => {
    const { path: relative, width, height } = images.at(image)
    const u = uniforms(h.seed, purposes.crop, epoch, image, augmentationDraws)
    const { crop, flip } = augmentation(width, height, h, u)
    const reduction = reductionFor(smallestCrop(width, height, h), h.imageSize)
    const slot = cache.slot(
      image,
      Math.ceil(width / reduction) * Math.ceil(height / reduction) * 3,
      reduction > 1,
    )
    return threads.decode({
      file: path.join(folder, relative),
      width,
      height,
      reduction,
      crop: reduceCrop(crop, reduction),
      flip,
      size: h.imageSize,
      operations: strength?.magnitude
        ? randAugment(strength, uniforms(h.seed, purposes.randAugment, epoch, image, randAugmentDraws))
        : [],
      batch,
      offset,
      slot,
    })
  }

  const fillQueue = () => {
    while (queue.length < ahead) queue.push(prepare(nextIndex++))
  }
  fillQueue()

  return {
    batchesPerEpoch,
    next() {
      const batch = queue.shift()!
      fillQueue()
      return batch
    },
    recycle: ({ images: bytes }) => void spare.push(bytes.buffer as SharedArrayBuffer),
    async close() {
      await threads.close()
      cache.close()
    },
  }
}

/** Whether an error says that there are no images to go on with. */
export const areGone = (error: unknown) =>
  error instanceof AppError && ['no-images', 'folder-missing'].includes(error.code)

/** Throws AppError folder-missing where a data set is no longer where it was: the disk is gone, not an image. */
export function requireImages(folder: string, images: Manifest): void {
  const places = [0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(part * (images.length - 1)))
  if (images.length && places.some((place) => existsSync(path.join(folder, images.at(place).path)))) return
  throw new AppError(
    'folder-missing',
    `The images are no longer in ${folder}.`,
    'Reconnect the disk or point the run to the new folder, then resume.',
  )
}
