import type { Pixels } from '#images/pixels/pixels'
import { pixelLimit, UnreadableImage } from './explain'
import { decodeJpeg } from './jpeg'
import { openImage, uprightImage, uprightPixels } from './pipeline'

/**
 * What an image's header says; width and height of the image turned as its EXIF orientation says. Throws where it is not
 * an image that can be read.
 */
export async function readHeader(file: string) {
  const image = openImage(file)
  const { width, height, format, orientation = 1, compression } = await image.metadata()
  // The header of a HEIC can be read even where its pixels cannot; what libvips says then differs from time to time.
  if (compression === 'hevc')
    await image
      .resize(1)
      .toBuffer()
      .catch(() => Promise.reject(new UnreadableImage('heic')))
  if (width * height > pixelLimit) throw new UnreadableImage('tooLarge')
  const turned = orientation >= 5
  return { format, orientation, width: turned ? height : width, height: turned ? width : height }
}

/**
 * A whole image of the given size, reduced by a whole factor; JPEG and WebP decode no more than the reduction needs.
 * Throws where it cannot be decoded.
 */
export async function decodeImage(
  file: string,
  { width, height, reduction = 1 }: { width: number; height: number; reduction?: number },
): Promise<Pixels> {
  if (reduction > 1)
    return uprightPixels(file, {
      width: Math.ceil(width / reduction),
      height: Math.ceil(height / reduction),
      fit: 'fill',
      kernel: 'cubic',
    })
  const pixels = decodeJpeg(file) ?? (await uprightPixels(file))
  if (pixels.width !== width || pixels.height !== height) throw new UnreadableImage('changed')
  return pixels
}

/** A small WebP of an image for lists, at most `size` pixels on its longer side. */
export const thumbnail = (file: string, size: number): Promise<Uint8Array> =>
  uprightImage(file, { width: size, height: size, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80 })
    .toBuffer()
