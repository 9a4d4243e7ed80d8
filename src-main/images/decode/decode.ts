import sharp from 'sharp'
import { pixelLimit } from './explain'
import { decodeJpeg } from './jpeg'
import type { Pixels } from '#images/pixels/pixels'

export const sharpOptions = { limitInputPixels: pixelLimit, failOn: 'error' } as const

/**
 * What an image's header says; width and height of the image turned as its EXIF orientation says. Throws where it is
 * no image that can be read.
 */
export async function readHeader(file: string) {
  const image = sharp(file, sharpOptions)
  const { width, height, format, orientation = 1, compression } = await image.metadata()
  // The header of HEIC can be read also where its pixels can not; what libvips says then differs from time to time.
  if (compression === 'hevc')
    await image
      .resize(1)
      .toBuffer()
      .catch(() => Promise.reject(new Error('hevc')))
  if (width * height > pixelLimit) throw new Error('Input image exceeds pixel limit')
  const turned = orientation >= 5
  return { format, orientation, width: turned ? height : width, height: turned ? width : height }
}

/**
 * A whole image of the given size, reduced by a whole factor; JPEG and WebP decode no more than the reduction needs.
 * It is turned as its EXIF orientation says, alpha lies over white, of several pages the first is taken. Throws where
 * it can not be decoded.
 */
export async function decodeImage(
  file: string,
  { width, height, reduction = 1 }: { width: number; height: number; reduction?: number },
): Promise<Pixels> {
  const jpeg = reduction === 1 ? decodeJpeg(file) : null
  const pixels = jpeg ?? (await decodeBySharp(file, { width, height, reduction }))
  if (reduction === 1 && (pixels.width !== width || pixels.height !== height))
    throw new Error('changed since the scan')
  return pixels
}

async function decodeBySharp(
  file: string,
  { width, height, reduction }: { width: number; height: number; reduction: number },
): Promise<Pixels> {
  const image = sharp(file, { ...sharpOptions, sequentialRead: true }).autoOrient()
  if (reduction > 1)
    image.resize(Math.ceil(width / reduction), Math.ceil(height / reduction), {
      fit: 'fill',
      kernel: 'cubic',
    })
  const { data, info } = await image
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { bytes: data, width: info.width, height: info.height }
}

/** A small WebP of an image for lists, at most `size` pixels on its longer side. */
export const thumbnail = (file: string, size: number): Promise<Uint8Array> =>
  sharp(file, sharpOptions)
    .autoOrient()
    .resize(size, size, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80 })
    .toBuffer()
