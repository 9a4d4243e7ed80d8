import { existsSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../../src-shared/errors'
import type { Hyperparameters } from '../../src-shared/hyperparameters'
import { permutation, purposes, uniforms } from '../../src-shared/random'
import { augmentation, augmentationDraws, centreCrop } from '../saim/augmentation'
import { Decoders } from './decoders'
import type { ImageFile, UnreadableFile } from './scan'

export interface Batch {
  /** Counted from the start of the run. */
  index: number
  /** Whole passes over the data set before this batch. */
  epoch: number
  /** [B, size, size, 3], normalised. */
  images: Float32Array
  /** The images' places in the data set. */
  indices: number[]
  /** Files that could not be decoded, each told once; another image took their place. */
  unreadable: UnreadableFile[]
}

export interface BatchLoader {
  batchesPerEpoch: number
  next(): Promise<Batch>
  close(): Promise<void>
}

interface BatchOptions {
  folder: string
  images: ImageFile[]
  hyperparameters: Hyperparameters
  /** Where to begin, counted from the start of the run. */
  firstBatch: number
  /** Threads; 0 chooses. */
  decoders: number
}

/** Batches prepared ahead of the step. */
const ahead = 3

/**
 * The batches of a run, from a given one on, prepared ahead in threads. Which images a batch holds and how they
 * are cropped depends only on (seed, epoch, image), not on threads or on where one began. Each epoch is a new
 * permutation; what is left after the last whole batch is not used in that epoch. A data set smaller than a batch
 * is repeated to fill it.
 */
export function openBatches({
  folder,
  images,
  hyperparameters: h,
  firstBatch,
  decoders,
}: BatchOptions): BatchLoader {
  const batchesPerEpoch = Math.max(1, Math.floor(images.length / h.batchSize))
  const threads = new Decoders(decoders)
  const reported = new Set<number>()
  const queue: Promise<Batch>[] = []
  let nextIndex = firstBatch

  async function prepare(index: number): Promise<Batch> {
    const epoch = Math.floor(index / batchesPerEpoch)
    const order = permutation(images.length, h.seed, purposes.shuffle, epoch)
    const first = (index % batchesPerEpoch) * h.batchSize
    const length = h.imageSize ** 2 * 3
    const shared = new SharedArrayBuffer(h.batchSize * length * 4)
    const unreadable: UnreadableFile[] = []

    /** Decodes the image at a place of the permutation, or the first after it that can be decoded. */
    const fill = async (b: number): Promise<number> => {
      for (let tries = 0; tries < images.length; tries++) {
        const image = order[(first + b + tries * h.batchSize) % images.length]!
        const reason = await decode(image, epoch, shared, b * length)
        if (reason === null) return image
        requireImages(folder, images)
        if (!reported.has(image)) unreadable.push({ path: images[image]!.path, reason })
        reported.add(image)
      }
      throw new AppError(
        'no-images',
        'No image of the data set can be decoded any more.',
        `Check that ${folder} is still there and can be read.`,
      )
    }
    const indices = await Promise.all(Array.from({ length: h.batchSize }, (_, b) => fill(b)))
    // A copy, since onnxruntime takes no shared memory.
    return { index, epoch, images: new Float32Array(shared).slice(), indices, unreadable }
  }

  const decode = (image: number, epoch: number, batch: SharedArrayBuffer, offset: number) => {
    const { path: relative, width, height } = images[image]!
    const u = uniforms(h.seed, purposes.crop, epoch, image, augmentationDraws)
    const { crop, flip } = augmentation(width, height, h, u)
    return threads.decode({ file: path.join(folder, relative), crop, flip, size: h.imageSize, batch, offset })
  }

  const fillQueue = () => {
    while (queue.length < ahead) {
      const batch = prepare(nextIndex++)
      batch.catch(() => undefined) // told by next(), when its turn comes
      queue.push(batch)
    }
  }
  fillQueue()

  return {
    batchesPerEpoch,
    next() {
      const batch = queue.shift()!
      fillQueue()
      return batch
    },
    close: () => threads.close(),
  }
}

/** Throws AppError folder-missing where a data set is not, or no longer, where it was: the disk, not an image, is gone. */
export function requireImages(folder: string, images: ImageFile[]): void {
  const some = [0, 0.25, 0.5, 0.75, 1].map((part) => images[Math.round(part * (images.length - 1))])
  if (some.some((image) => image && existsSync(path.join(folder, image.path)))) return
  throw new AppError(
    'folder-missing',
    `The images are no longer in ${folder}.`,
    'Connect its disk, or say where the folder is now; then resume the run.',
  )
}

/** Images as they are, centre-cropped and normalised, for looking at: [n, size, size, 3]. */
export async function loadCentred(folder: string, images: ImageFile[], size: number): Promise<Float32Array> {
  const threads = new Decoders(1)
  const length = size ** 2 * 3
  const batch = new SharedArrayBuffer(images.length * length * 4)
  await Promise.all(
    images.map(({ path: relative, width, height }, i) => {
      const crop = centreCrop(width, height)
      return threads.decode({
        file: path.join(folder, relative),
        crop,
        flip: false,
        size,
        batch,
        offset: i * length,
      })
    }),
  )
  await threads.close()
  return new Float32Array(batch).slice()
}
