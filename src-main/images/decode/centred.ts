import { AppError } from '#shared/errors'
import { centreCrop, type PixelStatistics } from '#model/augment/crop'
import { normalise } from '#images/pixels/normalise'
import { reduceCrop, reductionFor } from '#images/pixels/reduction'
import { cropPixels } from '#images/pixels/resample'
import { decodeImage } from './decode'
import { explain } from './explain'
import { readHeader } from './header'

/**
 * The largest square in the middle of an image of the given size, scaled to [size, size, 3] bytes. Throws where it cannot
 * be decoded.
 */
export async function decodeCentred(
  file: string,
  { width, height }: { width: number; height: number },
  size: number,
): Promise<Uint8Array> {
  const crop = centreCrop(width, height)
  const reduction = reductionFor(crop, size)
  const pixels = await decodeImage(file, { width, height, reduction })
  return cropPixels(pixels, reduceCrop(crop, reduction), { size })
}

/** The same of a file that was not scanned, normalised: [size, size, 3]. Throws AppError image-unreadable. */
export async function loadCentredImage(
  file: string,
  size: number,
  statistics: PixelStatistics,
): Promise<Float32Array> {
  try {
    return normalise(await decodeCentred(file, await readHeader(file), size), statistics)
  } catch (error) {
    throw new AppError(
      'image-unreadable',
      `${file} cannot be read: ${await explain(error, file)}.`,
      'Choose another image.',
    )
  }
}
