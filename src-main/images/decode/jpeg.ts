import { decompressSync, FORMAT_RGB } from '@julusian/jpeg-turbo'
import type { Pixels } from '#images/pixels/pixels'
import { refusals, UnreadableImage } from './refusals'
import { inMemory, type Source } from './source'
import { readTags } from './tags'

/** What a JPEG's segments say before its pixels. */
interface Frame {
  width: number
  height: number
  /** Bits of a sample. */
  precision: number
  components: number
  /** How it is coded: 0 and 1 at once, 2 progressively. */
  kind: number
  hasProfile: boolean
  /** EXIF's: 1 is upright. */
  orientation: number
  /** Whether all segments up to the pixels are there, each behind the other. */
  isWhole: boolean
}

/** The frame of a JPEG; null where none is found as the standard has it. */
async function frameOf({ size, read }: Source): Promise<Frame | null> {
  let frame: Pick<Frame, 'width' | 'height' | 'precision' | 'components' | 'kind'> | null = null
  let [hasProfile, orientation] = [false, 1]
  const found = (isWhole: boolean) => frame && { ...frame, hasProfile, orientation, isWhole }
  for (let at = 2; at + 10 <= size;) {
    const head = await read(at, 10)
    const marker = head[1]!
    if (head.length < 10 || head[0] !== 0xff) return found(false)
    // Bytes that fill up to the next marker.
    if (marker === 0xff) {
      at++
      continue
    }
    if (marker === 0xda) return found(true)
    const end = at + 2 + head.readUInt16BE(2)
    if (marker === 0xe1) orientation = await orientationOf(await read(at + 4, end - at - 4), orientation)
    if (marker === 0xe2 && (await read(at + 4, 11)).equals(Buffer.from('ICC_PROFILE'))) hasProfile = true
    // Frames are C0 to CF; the tables of Huffman and arithmetic codes have three of these markers.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const [height, width] = [head.readUInt16BE(5), head.readUInt16BE(7)]
      frame = { width, height, precision: head[4]!, components: head[9]!, kind: marker - 0xc0 }
    }
    at = end
  }
  return found(false)
}

/** The orientation in a segment of EXIF data, whatever the size of the number; else the one that is known. */
async function orientationOf(segment: Buffer, known: number): Promise<number> {
  if (segment.toString('latin1', 0, 4) !== 'Exif') return known
  const tags = await readTags(inMemory(segment.subarray(6)))
  return tags.get(274)?.[0] ?? known
}

/** Pixels that the scans of a progressive JPEG may go over in all; each takes about a nanosecond. */
const scannedPixels = 1e10

/**
 * Width and height of a JPEG of grey or three colours that stands upright, as nearly all do; null of others, of which libvips
 * knows more. Throws UnreadableImage where samples have other than 8 bits, of which the header alone can be read; and, of a
 * whole file, where it has so many scans that decoding would take minutes.
 */
export async function jpegSize(
  source: Source,
  whole?: Buffer,
): Promise<{ width: number; height: number } | null> {
  const frame = await frameOf(source)
  if (!frame) return null
  const { width, height, precision, components, kind, orientation, isWhole } = frame
  if (precision !== 8) throw new UnreadableImage(refusals.samples('a JPEG', `${precision}-bit numbers`))
  if (kind === 2 && whole) checkScans(whole, frame)
  const isPlain = isWhole && kind <= 2 && (components === 1 || components === 3) && orientation === 1
  return isPlain && width > 0 && height > 0 ? { width, height } : null
}

function checkScans(bytes: Buffer, { width, height }: Frame): void {
  let left = scannedPixels / (width * height)
  for (let at = bytes.indexOf(startOfScan); at >= 0; at = bytes.indexOf(startOfScan, at + 2))
    if (--left < 0) throw new UnreadableImage(refusals.tooSlow)
}

const startOfScan = Buffer.of(0xff, 0xda)

/**
 * The pixels of a JPEG of this size by libjpeg-turbo with its fast cosine transform, in a third of sharp's time. Null where
 * that needs more than decoding (a profile or CMYK, a turn), where it is damaged or of another size, and of other formats.
 */
export async function decodeJpeg(
  bytes: Buffer,
  { width, height }: { width: number; height: number },
): Promise<Pixels | null> {
  if (bytes.length < 2 || bytes.readUInt16BE() !== 0xffd8) return null
  const frame = await frameOf(inMemory(bytes))
  if (!frame || frame.width !== width || frame.height !== height) return null
  if (frame.precision !== 8 || frame.components > 3 || frame.hasProfile || frame.orientation !== 1)
    return null
  if (frame.kind === 2) checkScans(bytes, frame)
  try {
    const pixels = Buffer.allocUnsafeSlow(width * height * 3)
    decompressSync(bytes, pixels, { format: FORMAT_RGB })
    return { bytes: pixels, width, height }
  } catch {
    return null
  }
}
