import path from 'node:path'
import { decode } from 'fast-png'
import { AppError } from '#shared/errors'
import { centreCrop } from '#model/augment/crop'
import { explain } from './decode/explain'
import { pixelLimit, refusals, UnreadableImage } from './decode/refusals'
import { readWhole } from './decode/source'

/** The value of an unlabelled pixel, as in Pascal VOC. */
export const unlabelled = 255

/** The class of each pixel of an image, row by row. */
export interface Mask {
  width: number
  height: number
  classes: Uint8Array
}

/** Masks are PNG files in a folder `masks` next to that of the images, with the same names. */
export const masksFolder = (images: string) => path.join(path.dirname(images), 'masks')
export const maskFile = (images: string, image: string) =>
  path.join(masksFolder(images), image.replace(/\.\w+$/, '.png'))

/** The numbers of an indexed or grey PNG of at most 8 bits. Throws AppError image-unreadable. */
export async function readMask(file: string): Promise<Mask> {
  const png = await readWhole(file)
    .then(decodePng)
    .catch(async (error: unknown) => {
      throw unreadable(file, await explain(error, file))
    })
  const { width, height, depth, channels, data } = png
  if (channels !== 1 || depth > 8)
    throw unreadable(
      file,
      `it has ${channels} channels of ${depth} bits instead of one class number per pixel`,
    )
  const classes = new Uint8Array(width * height)
  const rowBytes = Math.ceil((width * depth) / 8)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      // Values of fewer than 8 bits are packed, the first in the highest bits.
      const shift = 8 - depth - ((x * depth) % 8)
      classes[y * width + x] = (data[y * rowBytes + ((x * depth) >> 3)]! >> shift) & (2 ** depth - 1)
    }
  return { width, height, classes }
}

function decodePng(bytes: Buffer) {
  // The sides stand in the header, which comes first.
  if (bytes.length > 24 && bytes.readUInt32BE(16) * bytes.readUInt32BE(20) > pixelLimit)
    throw new UnreadableImage(refusals.tooLarge)
  return decode(bytes)
}

/** The largest square in the middle of a mask, where images are cropped too, by the nearest pixels: [size, size]. */
export function centredMask({ width, height, classes }: Mask, size: number): Uint8Array {
  const crop = centreCrop(width, height)
  const place = (i: number) => Math.floor(((i + 0.5) * crop.width) / size)
  return Uint8Array.from(
    { length: size * size },
    (_, i) => classes[(crop.top + place(Math.floor(i / size))) * width + crop.left + place(i % size)]!,
  )
}

const unreadable = (file: string, reason: string) =>
  new AppError(
    'image-unreadable',
    `The mask ${file} cannot be read: ${reason}.`,
    'Masks are indexed or greyscale PNG files in a folder called masks next to the images, with the same file names.',
  )
