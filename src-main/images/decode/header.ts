import sharp, { type Metadata, type Sharp } from 'sharp'
import { bitmapHeader, bitmapHeaderBytes } from './bitmap'
import { type Format, formatOf, signatureBytes } from './formats'
import { jpegSize } from './jpeg'
import { netpbmHeader, netpbmHeaderBytes } from './netpbm'
import { headerSeconds, pixelLimit, refusals, UnreadableImage } from './refusals'
import { inMemory, type Source, withFile } from './source'
import { checkTiff } from './tiff'

/** What the header of an image says. */
export interface Header {
  format: Format
  /** Of the image turned as its EXIF orientation says. */
  width: number
  height: number
  orientation: number
  /** Whether it has RGB of 16 bits with a profile of its own. */
  deepColours: boolean
  /** Whether it has a fourth band that is no alpha. */
  surplusBand: boolean
}

/** An image file or its bytes, as all that sharp reads is opened: not too large, and refused where it is damaged. */
export const openImage = (input: string | Buffer): Sharp =>
  sharp(input, { limitInputPixels: pixelLimit, failOn: 'error' })

/** Headers that libvips reads at once: it works in Node's few threads, of which one is left for all else. */
const atOnce = 3
let reading = 0
const waiting: (() => void)[] = []

/** What libvips says of an image. Throws UnreadableImage after so many milliseconds, which waiting for others is no part of. */
export async function metadataOf(input: string | Buffer, patience = headerSeconds * 1000): Promise<Metadata> {
  if (reading === atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
  else reading++
  const read = openImage(input).metadata()
  // Native code cannot be interrupted: another takes its place once it has ended.
  const ended = () => {
    const next = waiting.shift()
    if (next) next()
    else reading--
  }
  read.then(ended, ended)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new UnreadableImage(refusals.headerTooSlow)), patience)
  })
  return Promise.race([read, late]).finally(() => clearTimeout(timer))
}

/** The header of an image file, of which as little is read as that takes, or of its bytes. Throws where it cannot be decoded. */
export const readHeader = (input: string | Buffer): Promise<Header> =>
  typeof input === 'string'
    ? withFile(input, (source) => headerOf(source, input))
    : headerOf(inMemory(input), input)

async function headerOf(source: Source, input: string | Buffer): Promise<Header> {
  const header = await plainHeader(source, input)
  if (header.width * header.height > pixelLimit) throw new UnreadableImage(refusals.tooLarge)
  return header
}

async function plainHeader(source: Source, input: string | Buffer): Promise<Header> {
  const format = formatOf(await source.read(0, signatureBytes))
  const plain = { format, orientation: 1, deepColours: false, surplusBand: false }
  if (format === 'bmp') {
    const { width, height } = bitmapHeader(await source.read(0, bitmapHeaderBytes))
    return { ...plain, width, height }
  }
  if (format === 'netpbm') {
    const { width, height } = netpbmHeader(await source.read(0, netpbmHeaderBytes))
    return { ...plain, width, height }
  }
  if (format === 'jpeg') {
    const size = await jpegSize(source, typeof input === 'string' ? undefined : input)
    if (size) return { ...plain, ...size }
  }
  const { surplusBand } = format === 'tiff' ? await checkTiff(source) : plain
  const { width, height, orientation = 1, space, hasProfile } = await metadataOf(input)
  const turned = orientation >= 5
  return {
    format,
    width: turned ? height : width,
    height: turned ? width : height,
    orientation,
    deepColours: space === 'rgb16' && hasProfile,
    surplusBand,
  }
}
