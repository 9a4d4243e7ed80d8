import { isOfSystem, reasonOf } from '#shared/system-errors'
import { isMissing } from '#storage/own-files'
import { refusals, UnreadableImage } from './refusals'
import { withFile } from './source'

/** Why an image file could not be read, in words a person understands. */
export async function explain(error: unknown, file: string): Promise<string> {
  if (error instanceof UnreadableImage) return error.message
  if (isMissing(error)) return 'the file is gone'
  if (isOfSystem(error)) return reasonOf(error)
  // Readers in JavaScript fail like programs where a file says what cannot be.
  const isProgram = error instanceof RangeError || error instanceof TypeError
  const text = error instanceof Error && !isProgram ? error.message : unknown
  if (/pixel limit/.test(text)) return refusals.tooLarge
  if (/^timeout/.test(text)) return refusals.tooSlow
  if (/unsupported image format/.test(text)) return refusals.notAnImage
  // Other messages come from libvips, whose threads share one error buffer: they may be lost ("Unknown error").
  const cut = await withFile(file, async ({ size, read }) =>
    endsTooEarly(await read(0, 12), await read(Math.max(size - endBytes, 0), endBytes), size),
  ).catch((problem: unknown) => explain(problem, file))
  if (typeof cut === 'string') return cut
  if (
    cut ||
    /premature end|truncated|unexpected end|not enough data|ended prematurely|Read error at/i.test(text)
  )
    return refusals.endsTooEarly
  const words = text.replace(/^Input file has corrupt header: /, '').split('\n')[0]!
  return words.includes(unknown) ? 'damaged' : `damaged: ${words}`
}

/** What libvips says where its words were lost. */
const unknown = 'Unknown error'
/** Bytes in which the end of an image is looked for. */
const endBytes = 65_536

/** Whether a JPEG, PNG, GIF or WebP of so many bytes, of which the first and the last are given, lacks its end. False for other formats. */
export function endsTooEarly(start: Buffer, end: Buffer, size: number): boolean {
  const begins = (signature: string, at = 0) =>
    start.subarray(at, at + signature.length).equals(Buffer.from(signature, 'latin1'))
  if (size === 0) return true
  // A preview before the picture has an end of its own.
  if (begins('\xff\xd8'))
    return !end.includes('\xff\xd9', Math.max(end.lastIndexOf('\xff\xda', undefined, 'latin1'), 0), 'latin1')
  if (begins('\x89PNG')) return !end.includes('IEND\xae\x42\x60\x82', 0, 'latin1')
  if (begins('GIF8')) return end.at(-1) !== 0x3b
  if (begins('RIFF') && begins('WEBP', 8)) return size < 8 + start.readUInt32LE(4)
  return false
}
