import type { Pixels } from '#images/pixels/pixels'
import { refusals, UnreadableImage } from './refusals'

/** Bytes at the start of a Windows bitmap in which header and palette lie. */
export const bitmapHeaderBytes = 2048

/**
 * What the header of a Windows bitmap says. `bits` are those of a pixel, of 1, 4 and 8 a place in the palette. Throws
 * UnreadableImage where it is compressed or its colours lie otherwise.
 */
export function bitmapHeader(file: Buffer) {
  if (file.length < 54) throw new UnreadableImage(refusals.endsTooEarly)
  const headerBytes = file.readUInt32LE(14)
  const bits = file.readUInt16LE(28)
  const compression = file.readUInt32LE(30)
  const plain = compression === 0 && [1, 4, 8, 24, 32].includes(bits)
  // Red, green, blue and, in longer headers, alpha, in the order that they are read in.
  const masks = compression === 3 && bits === 32 ? file.toString('hex', 54, 54 + 16) : ''
  const masked = masks.startsWith('0000ff0000ff0000ff000000')
  if (headerBytes < 40 || (!plain && !masked))
    throw new UnreadableImage(refusals.format('A compressed or unusual BMP'))
  const palette = 14 + headerBytes
  return {
    width: Math.abs(file.readInt32LE(18)),
    height: Math.abs(file.readInt32LE(22)),
    bits,
    /** Rows come from the lowest up, unless the height is negative. */
    topDown: file.readInt32LE(22) < 0,
    start: file.readUInt32LE(10),
    /** Four bytes each, blue first. */
    palette: bits <= 8 ? file.subarray(palette, palette + 4 * 2 ** bits) : null,
    hasAlpha: headerBytes >= 56 && masks.endsWith('000000ff'),
  }
}

/** The pixels of a Windows bitmap, alpha over white. Throws UnreadableImage. */
export function decodeBitmap(file: Buffer): Pixels {
  const { width, height, bits, topDown, start, palette, hasAlpha } = bitmapHeader(file)
  const rowBytes = Math.ceil((width * bits) / 32) * 4
  if (start + rowBytes * height > file.length) throw new UnreadableImage(refusals.endsTooEarly)
  const bytes = new Uint8Array(width * height * 3)
  for (let y = 0, to = 0; y < height; y++) {
    const row = start + (topDown ? y : height - 1 - y) * rowBytes
    for (let x = 0; x < width; x++, to += 3) {
      let [colours, at] = [file, row + (x * bits) / 8]
      if (palette) {
        const shift = 8 - bits - ((x * bits) % 8)
        colours = palette
        at = ((file[Math.floor(at)]! >> shift) & (2 ** bits - 1)) * 4
      }
      const alpha = hasAlpha ? file[at + 3]! / 255 : 1
      for (let c = 0; c < 3; c++) bytes[to + c] = Math.round(colours[at + 2 - c]! * alpha + 255 * (1 - alpha))
    }
  }
  return { bytes, width, height }
}
