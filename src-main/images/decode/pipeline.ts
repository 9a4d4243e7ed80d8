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
 * The pixels of an image of this header as it is to be seen, for all that looks at images: turned as its EXIF orientation says, in
 * sRGB, alpha over white, of several pages the first; scaled where `scaling` says so. Throws where they cannot be decoded.
 */
export async function uprightPixels(
  bytes: Buffer,
  { format, deepColours, surplusBand }: Header,
  scaling?: Scaling,
): Promise<Pixels> {
  if (format === 'bmp') return scaled(decodeBitmap(bytes), scaling)
  if (format === 'netpbm') return scaled(decodeNetpbm(bytes), scaling)
  const image = openImage(bytes).autoOrient().toColourspace('srgb')
  // sharp works on deep colours in Display P3, and answers them as such unless a profile is asked for.
  if (deepColours) image.withIccProfile('srgb')
  // Scaling multiplies colours by alpha, which this is not.
  if (surplusBand) return scaled(await pixelsOf(image), scaling)
  return pixelsOf((scaling ? image.resize(scaling) : image).flatten({ background: 'white' }))
}

async function pixelsOf(image: Sharp): Promise<Pixels> {
  const { data, info } = await image
    .timeout({ seconds: decodeSeconds })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { bytes: data, width: info.width, height: info.height }
}

const scaled = (pixels: Pixels, scaling?: Scaling): Pixels | Promise<Pixels> =>
  scaling ? pixelsOf(sharpOf(pixels).resize(scaling)) : pixels

/** Pixels as an image of sharp's. */
export const sharpOf = ({ bytes, width, height }: Pixels): Sharp =>
  sharp(bytes, { raw: { width, height, channels: 3 } })
