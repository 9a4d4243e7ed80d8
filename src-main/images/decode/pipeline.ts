import sharp, { type ResizeOptions, type Sharp } from 'sharp'
import type { Pixels } from '#images/pixels/pixels'
import { decodeBitmap } from './bitmap'
import { type Header, openImage } from './header'
import { decodeNetpbm } from './netpbm'
import { decodeSeconds } from './refusals'

/** The sides to scale to, and how. */
export interface Scaling extends Pick<ResizeOptions, 'fit' | 'kernel' | 'withoutEnlargement'> {
  width: number
  height: number
}

/**
 * The pixels of an image of this header as it is to be seen, for all that looks at images: turned as its EXIF orientation
 * says, in sRGB, alpha over white, of several pages the first; scaled where `scaling` says so. Throws where they cannot be decoded.
 */
export async function uprightPixels(
  bytes: Buffer,
  { format, deepColours, surplusBand }: Header,
  scaling?: Scaling,
): Promise<Pixels> {
  if (format === 'bmp') return scaled(decodeBitmap(bytes), scaling)
  if (format === 'netpbm') return scaled(decodeNetpbm(bytes), scaling)
  const image = openImage(bytes).autoOrient().toColourspace('srgb')
  if (!deepColours && !surplusBand) return pixelsOf(image, scaling)
  // sharp would lay alpha over white in Display P3, and multiply colours by the surplus band where it scales.
  if (deepColours) image.withIccProfile('srgb')
  const { data, info } = await rawOf(surplusBand ? image.removeAlpha() : image)
  return pixelsOf(sharp(data, { raw: info }), scaling)
}

const rawOf = (image: Sharp) =>
  image.timeout({ seconds: decodeSeconds }).raw().toBuffer({ resolveWithObject: true })

/** The pixels of an image in sRGB, alpha over white. */
async function pixelsOf(image: Sharp, scaling?: Scaling): Promise<Pixels> {
  const { data, info } = await rawOf(
    (scaling ? image.resize(scaling) : image).flatten({ background: 'white' }).removeAlpha(),
  )
  return { bytes: data, width: info.width, height: info.height }
}

const scaled = (pixels: Pixels, scaling?: Scaling): Pixels | Promise<Pixels> =>
  scaling ? pixelsOf(sharpOf(pixels), scaling) : pixels

/** Pixels as an image of sharp's. */
export const sharpOf = ({ bytes, width, height }: Pixels): Sharp =>
  sharp(bytes, { raw: { width, height, channels: 3 } })
