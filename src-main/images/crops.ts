import path from 'node:path'
import { centreCrop, type Crop, type PixelStatistics, type Scaled, scoringView } from '#model/augment/crop'
import { Decoders } from './decode/decoders'
import type { ImageFile } from './manifest'
import { reduceCrop, reductionFor } from './pixels/reduction'

/** Images of a folder, and how they are read. */
export interface ImageList {
  folder: string
  images: ImageFile[]
  statistics: PixelStatistics
  /** Threads that decode; 0 chooses. */
  decoders: number
}

/** The part of an image that is read, whether it is mirrored, and what the square is cut out of, where not the whole part. */
export type CropOf = (
  image: ImageFile,
  index: number,
  size: number,
) => { crop: Crop; flip: boolean; scaled?: Scaled }

/** The largest square in the middle, to be looked at. */
export const centred: CropOf = ({ width, height }) => ({ crop: centreCrop(width, height), flip: false })

/** As images are scored (`scoringView`), with the bytes that Pillow has. */
export const scored: CropOf = ({ width, height }, _, size) => ({
  crop: { left: 0, top: 0, width, height },
  flip: false,
  scaled: scoringView(width, height, size),
})

/** Crops of images, and why those that could not be read were not: null for the others. */
export interface Crops {
  /** [n, size, size, 3], normalised; what could not be read is black. */
  pixels: Float32Array
  reasons: (string | null)[]
}

/** Decodes crops of images of a folder in threads. */
export async function loadCrops(
  threads: Decoders,
  folder: string,
  images: ImageFile[],
  size: number,
  cropOf: CropOf,
): Promise<Crops> {
  const length = size ** 2 * 3
  const batch = new SharedArrayBuffer(images.length * length)
  const reasons = await Promise.all(
    images.map((image, i) => {
      const { width, height } = image
      const { crop, flip, scaled } = cropOf(image, i, size)
      const reduction = scaled ? 1 : reductionFor(crop, size)
      return threads.decode({
        file: path.join(folder, image.path),
        width,
        height,
        reduction,
        crop: reduceCrop(crop, reduction),
        flip,
        scaled,
        size,
        batch,
        offset: i * length,
      })
    }),
  )
  return { pixels: threads.normalise(batch), reasons }
}

/** All images of a short list at once, centre-cropped. */
export async function loadCentred(
  { folder, images, statistics, decoders }: ImageList,
  size: number,
): Promise<Crops> {
  const threads = new Decoders(decoders, statistics)
  try {
    return await loadCrops(threads, folder, images, size, centred)
  } finally {
    await threads.close()
  }
}
