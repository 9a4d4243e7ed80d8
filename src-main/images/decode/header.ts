import sharp, { type Sharp } from 'sharp'
import { bitmapHeader, bitmapHeaderBytes } from './bitmap'
import { type Format, formatOf, signatureBytes } from './formats'
import { checkJpeg } from './jpeg'
import { netpbmHeader, netpbmHeaderBytes } from './netpbm'
import { pixelLimit, refusals, UnreadableImage } from './refusals'
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
  if (format === 'jpeg') await checkJpeg(source, typeof input === 'string' ? undefined : input)
  const { surplusBand } = format === 'tiff' ? await checkTiff(source) : plain
  const { width, height, orientation = 1, space, hasProfile } = await openImage(input).metadata()
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
