import { createHash } from 'node:crypto'
import { readHeader } from '#images/decode/header'
import { uprightPixels } from '#images/decode/pipeline'
import { readWhole } from '#images/decode/source'

/** By which copies of an image are found. */
export interface Fingerprint {
  /** SHA-1 of the file. */
  content: string
  /**
   * What survives another size, format and quality, as hexadecimal digits: 128 bits that say of the image at 9 x 9
   * pixels whether each is brighter than its right and its lower neighbour (difference hash), then the mean colour.
   */
  perceptual: string
}

const side = 9

/** Decodes the whole image, so that it throws where the file is damaged. */
export async function fingerprint(file: string): Promise<Fingerprint> {
  const bytes = await readWhole(file)
  const scaling = { width: side, height: side, fit: 'fill' } as const
  const { bytes: pixels } = await uprightPixels(bytes, await readHeader(bytes), scaling)
  return { content: createHash('sha1').update(bytes).digest('hex'), perceptual: perceptualHash(pixels) }
}

function perceptualHash(pixels: Uint8Array): string {
  const sum = (place: number) => pixels[3 * place]! + pixels[3 * place + 1]! + pixels[3 * place + 2]!
  const hash = Buffer.alloc(19)
  for (let row = 0; row < side - 1; row++)
    for (let column = 0; column < side - 1; column++) {
      const place = row * side + column
      if (sum(place) > sum(place + 1)) hash[row]! |= 1 << column
      if (sum(place) > sum(place + side)) hash[8 + row]! |= 1 << column
    }
  for (let channel = 0; channel < 3; channel++) {
    let total = 0
    for (let i = channel; i < pixels.length; i += 3) total += pixels[i]!
    hash[16 + channel] = Math.round(total / (side * side))
  }
  return hash.toString('hex')
}
