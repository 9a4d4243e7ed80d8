import type { Pixels } from '#images/pixels/pixels'
import { refusals, UnreadableImage } from './refusals'

/** Bytes at the start of a PGM or PPM in which the header must end, comments included. */
export const netpbmHeaderBytes = 4096

/** Kind, width, height and largest value, each after spaces and comments; then one space and the pixels. */
const header = /^P([56])(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,5})\s/

/** What the header of a PGM or PPM says, and where its pixels start. Throws UnreadableImage. */
export function netpbmHeader(file: Buffer) {
  const found = header.exec(file.toString('latin1', 0, netpbmHeaderBytes))
  const [kind, width, height, largest] = found?.slice(1).map(Number) ?? []
  if (!width || !height || !largest || largest > 65535) throw new UnreadableImage(refusals.notAnImage)
  return { width, height, largest, bands: kind === 6 ? 3 : 1, start: found![0].length }
}

/** The pixels of a PGM or PPM, its largest value as 255. Throws UnreadableImage. */
export function decodeNetpbm(file: Buffer): Pixels {
  const { width, height, largest, bands, start } = netpbmHeader(file)
  const each = largest > 255 ? 2 : 1
  if (start + width * height * bands * each > file.length) throw new UnreadableImage(refusals.endsTooEarly)
  const bytes = new Uint8Array(width * height * 3)
  for (let i = 0; i < bytes.length; i++) {
    const at = start + (bands === 3 ? i : Math.floor(i / 3)) * each
    const value = each === 2 ? file.readUInt16BE(at) : file[at]!
    bytes[i] = Math.min(Math.round((value * 255) / largest), 255)
  }
  return { bytes, width, height }
}
