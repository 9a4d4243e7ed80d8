import { readFile } from 'node:fs/promises'

/** Images with more pixels than this are refused: they are mistakes or attacks. */
export const pixelLimit = 200e6

/** Why we refuse an image ourselves, in words; what sharp and Node say is put into words by `explain`. */
export const refusals = {
  tooLarge: `larger than ${pixelLimit / 1e6} megapixels`,
  gone: 'the file is gone',
  changed: 'it changed since the scan',
  heic: 'HEIC cannot be decoded here: save it as JPEG or PNG',
  endsTooEarly: 'damaged: it ends too early',
} as const

/** An image that is refused. */
export class UnreadableImage extends Error {
  constructor(readonly refusal: keyof typeof refusals) {
    super(refusals[refusal])
  }
}

/** Why an image file could not be read, in words a person understands. */
export async function explain(error: unknown, file: string): Promise<string> {
  if (error instanceof UnreadableImage) return error.message
  const text = error instanceof Error ? error.message : String(error)
  if (/pixel limit/.test(text)) return refusals.tooLarge
  if (/ENOENT|does not exist|missing/.test(text)) return refusals.gone
  if (/EACCES|permission/i.test(text)) return 'no permission to read it'
  if (/heif|hevc/i.test(text)) return refusals.heic
  if (/unsupported image format/.test(text)) return 'not an image, or in an unsupported format'
  // Other messages come from libvips, whose threads share one error buffer: they may be lost ("Unknown error").
  const bytes = await readFile(file).catch(() => null)
  if (!bytes) return 'it cannot be opened'
  if (endsTooEarly(bytes)) return refusals.endsTooEarly
  if (/premature end|truncated|unexpected end|not enough data|corrupt|ended prematurely/i.test(text))
    return refusals.endsTooEarly
  return /Unknown error/.test(text) ? 'damaged' : `damaged: ${text.split('\n')[0]}`
}

/** Whether a JPEG, PNG, GIF or WebP lacks its end. False for other formats. */
export function endsTooEarly(bytes: Buffer): boolean {
  const begins = (signature: string, at = 0) =>
    bytes.subarray(at, at + signature.length).equals(Buffer.from(signature, 'latin1'))
  if (bytes.length === 0) return true
  // A preview before the picture has an end of its own.
  if (begins('\xff\xd8'))
    return !bytes.includes('\xff\xd9', bytes.lastIndexOf('\xff\xda', undefined, 'latin1'), 'latin1')
  if (begins('\x89PNG')) return !bytes.includes('IEND\xae\x42\x60\x82', 0, 'latin1')
  if (begins('GIF8')) return bytes.at(-1) !== 0x3b
  if (begins('RIFF') && begins('WEBP', 8)) return bytes.length < 8 + bytes.readUInt32LE(4)
  return false
}
