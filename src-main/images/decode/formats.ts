/* eslint-disable no-control-regex -- signatures are bytes */
import { refusals, UnreadableImage } from './refusals'

/** Formats that are decoded. */
export type Format = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff' | 'bmp' | 'netpbm'

/** What a file that is decoded begins with. */
const decoded: [Format, RegExp][] = [
  ['jpeg', /^\xff\xd8\xff/],
  ['png', /^\x89PNG\r\n\x1a\n/],
  ['webp', /^RIFF....WEBP/s],
  ['gif', /^GIF8[79]a/],
  ['avif', /^....ftyp(.{4})*(avif|avis)/s],
  ['bmp', /^BM.{4}\0{4}.{4}[\x0c-\x7c]\0\0\0/s],
  ['netpbm', /^P[56]\s/],
]

/** What other images begin with, and what they are called. */
const others: [string, RegExp][] = [
  ['HEIC', /^....ftyp(.{4})*(hei[cmsx]|hev[cmsx]|mif1|msf1)/s],
  ['JPEG XL', /^(\xff\x0a|\0\0\0\x0cJXL )/],
  ['JPEG 2000', /^(\xff\x4f\xff\x51|\0\0\0\x0cjP {2})/],
  ['A camera’s raw file', /^(II\*\0.{4}CR|FUJIFILMCCD-RAW|....ftypcrx )/s],
  ['SVG', /^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*|<!--[^]*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]/i],
  ['A compressed SVG', /^\x1f\x8b/],
  ['A Netpbm file in text or bits', /^P[123 47F]\s/],
  ['A Windows icon', /^\0\0[\x01\x02]\0[^\0]\0/],
  ['Photoshop', /^8BPS/],
  ['PDF', /^%PDF/],
  // Without a signature: kind of colours, of compression, bits of a pixel.
  ['TGA', /^.[\0\x01][\x01-\x03\x09-\x0b].{13}[\x08\x0f\x10\x18\x20][\0-\x3f]/s],
]

/** Bytes that `formatOf` looks at. */
export const signatureBytes = 1024

/** The format of an image file by its first bytes, whatever its name. Throws UnreadableImage where it is none that is decoded. */
export function formatOf(start: Buffer): Format {
  if (start.length === 0) throw new UnreadableImage(refusals.endsTooEarly)
  const text = brands(start) ?? start.toString('latin1', 0, signatureBytes)
  const other = others.find(([, signature]) => signature.test(text))
  const found = decoded.find(([, signature]) => signature.test(text))
  if (found) return found[0]
  if (other) throw new UnreadableImage(refusals.format(other[0]))
  if (/^(II\*\0|MM\0\*|II\+\0|MM\0\+)/.test(text)) return 'tiff'
  throw new UnreadableImage(refusals.notAnImage)
}

/** Of a file of ISO's boxes the first one, which names its brands; null of others. */
const brands = (start: Buffer): string | null =>
  start.toString('latin1', 4, 8) === 'ftyp' ? start.toString('latin1', 0, start.readUInt32BE()) : null
