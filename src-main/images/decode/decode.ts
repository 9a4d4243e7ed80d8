import type { Pixels } from '#images/pixels/pixels'
import { readHeader } from './header'
import { decodeJpeg } from './jpeg'
import { sharpOf, uprightPixels } from './pipeline'
import { refusals, UnreadableImage } from './refusals'
import { readWhole } from './source'

/**
 * A whole image of the size that its header said, reduced by a whole factor; JPEG and WebP decode no more than the
 * reduction needs. Throws where it cannot be decoded, and where it has another size by now.
 */
export async function decodeImage(
  file: string,
  { width, height, reduction = 1 }: { width: number; height: number; reduction?: number },
): Promise<Pixels> {
  const bytes = await readWhole(file)
  const fast = reduction === 1 ? await decodeJpeg(bytes, { width, height }) : null
  if (fast) return fast
  const header = await readHeader(bytes)
  if (header.width !== width || header.height !== height) throw new UnreadableImage(refusals.changed)
  if (reduction === 1) return uprightPixels(bytes, header)
  return uprightPixels(bytes, header, {
    width: Math.ceil(width / reduction),
    height: Math.ceil(height / reduction),
    fit: 'fill',
    kernel: 'cubic',
  })
}

/** A small WebP of an image for lists, at most `size` pixels on its longer side. */
export async function thumbnail(file: string, size: number): Promise<Uint8Array> {
  const bytes = await readWhole(file)
  const pixels = await uprightPixels(bytes, await readHeader(bytes), {
    width: size,
    height: size,
    fit: 'inside',
    withoutEnlargement: true,
  })
  return sharpOf(pixels).webp({ quality: 80 }).toBuffer()
}
