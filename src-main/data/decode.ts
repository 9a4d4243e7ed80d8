import sharp from 'sharp'
import type { Crop } from '../saim/augmentation'

/** Images of more pixels than this are refused: they are mistakes or attacks. */
export const pixelLimit = 200e6

const options = { limitInputPixels: pixelLimit, failOn: 'error' } as const

/** What scanning needs of an image's header. Throws where it is no image that can be read. */
export async function readHeader(file: string): Promise<{ width: number; height: number }> {
  const { width, height, orientation } = await sharp(file, options).metadata()
  const turned = (orientation ?? 1) >= 5
  if (width * height > pixelLimit) throw new Error('Input image exceeds pixel limit')
  return turned ? { width: height, height: width } : { width, height }
}

/**
 * The crop of an image as size x size pixels, [size, size, 3] bytes of sRGB. The image is turned as its EXIF
 * orientation says, alpha lies over white, of several pages the first is taken; scaled by bicubic.
 */
export async function decodeImage(
  file: string,
  crop: Crop,
  { size, flip = false }: { size: number; flip?: boolean },
): Promise<Uint8Array> {
  // autoOrient comes first in libvips' order of operations, so that the crop is in the turned image.
  return sharp(file, options)
    .autoOrient()
    .extract(crop)
    .resize(size, size, { fit: 'fill', kernel: 'cubic' })
    .flop(flip)
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer()
}

/** A small WebP of an image for lists, at most `size` pixels on its longer side. */
export const thumbnail = (file: string, size: number): Promise<Uint8Array> =>
  sharp(file, options)
    .autoOrient()
    .resize(size, size, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80 })
    .toBuffer()

/** Why an image could not be read, in words for a person. */
export function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  if (/pixel limit/.test(text)) return `larger than ${pixelLimit / 1e6} megapixels`
  if (/ENOENT|does not exist|missing/.test(text)) return 'the file is gone'
  if (/EACCES|permission/i.test(text)) return 'no permission to read it'
  if (/unsupported image format/.test(text)) return 'not an image, or of a format that is not read here'
  if (/premature end|truncated|unexpected end|not enough data|corrupt|ended prematurely/i.test(text))
    return 'damaged: it ends too early'
  return `damaged: ${text.split('\n')[0]}`
}
