import { refusals, UnreadableImage } from './refusals'
import type { Source } from './source'
import { readTags } from './tags'

/** Compressions that our libtiff undoes: none, fax, LZW, JPEG, Deflate, PackBits, WebP. */
const compressions = [1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50001]
const compressionNames: Record<number, string> = {
  6: 'old JPEG',
  34661: 'JBIG',
  34676: 'SGI Log',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  50000: 'Zstandard (ZSTD)',
  50002: 'JPEG XL',
}

/** Bands of the colours that are decoded: white or black is 0, RGB, palette, CMYK, YCbCr. */
const colourBands: Record<number, number> = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3 }
const colourNames: Record<number, string> = {
  8: 'CIELab colours',
  9: 'ICCLab colours',
  10: 'ITULab colours',
  32803: 'a camera’s raw data',
  32844: 'logarithmic colours',
  32845: 'logarithmic colours',
  34892: 'a camera’s raw data',
}

/**
 * Refuses a TIFF whose samples would not come out as the colours that they stand for. Answers whether it has a band beside
 * those of RGB that is no alpha, such as near infrared. Throws UnreadableImage.
 */
export async function checkTiff(source: Source): Promise<{ surplusBand: boolean }> {
  const tags = await readTags(source)
  const first = (tag: number) => tags.get(tag)?.[0]
  const compression = first(259) ?? 1
  if (!compressions.includes(compression))
    throw new UnreadableImage(
      `a TIFF compressed by ${compressionNames[compression] ?? `method ${compression}`} cannot be decoded here: save it with LZW or Deflate`,
    )
  const bits = tags.get(258) ?? [1]
  const samples = first(277) ?? 1
  const refuse = (what: string) => new UnreadableImage(refusals.samples('a TIFF', what))

  const kind = first(339) ?? 1
  if (kind === 2) throw refuse(`signed ${bits[0]}-bit numbers`)
  if (kind === 3) throw refuse(`${bits[0]}-bit floating-point numbers`)
  if (kind === 5 || kind === 6) throw refuse('complex numbers')

  const colours = first(262) ?? (samples > 2 ? 2 : 1)
  const bands = colourBands[colours]
  if (!bands) throw refuse(colourNames[colours] ?? `colours of kind ${colours}`)
  const depths = bands === 4 ? [8] : colours === 3 ? [1, 2, 4, 8] : bands === 1 ? [1, 2, 4, 8, 16] : [8, 16]
  if (bits.some((depth) => depth !== bits[0])) throw refuse('samples of different sizes')
  if (!depths.includes(bits[0]!)) throw refuse(`${bits[0]}-bit numbers`)

  // What lies beside the colours: 1 and 2 are alpha, as is a fourth band of RGB of which nothing is said.
  const spare = samples - bands
  const meaning = first(338) ?? (colours === 2 ? 2 : 0)
  if (spare === 0) return { surplusBand: false }
  if (spare === 1 && (bands === 1 || bands === 3) && (meaning === 1 || meaning === 2))
    return { surplusBand: false }
  if (spare === 1 && colours === 2) return { surplusBand: true }
  throw refuse(`${samples} bands`)
}
