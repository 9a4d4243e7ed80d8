import sharp, { type ResizeOptions, type Sharp } from 'sharp'
import type { Pixels } from '#images/pixels/pixels'
import { pixelLimit } from './explain'

/** An image file or its bytes, as all that reads images by sharp opens it: not too large, and refused where it is damaged. */
export const openImage = (input: string | Buffer): Sharp =>
  sharp(input, { limitInputPixels: pixelLimit, failOn: 'error' })

/** The sides to scale to, and how. */
export interface Scaling extends Pick<ResizeOptions, 'fit' | 'kernel' | 'withoutEnlargement'> {
  width: number
  height: number
}

/**
 * An image as it is to be seen: turned as its EXIF orientation says, in sRGB, of several pages the first; scaled where
 * `scaling` says so. Alpha stays.
 */
export function uprightImage(input: string | Buffer, scaling?: Scaling): Sharp {
  const image = openImage(input).autoOrient().toColourspace('srgb')
  return scaling ? image.resize(scaling) : image
}

/** The pixels of such an image, alpha over white. Throws where they cannot be decoded. */
export async function uprightPixels(input: string | Buffer, scaling?: Scaling): Promise<Pixels> {
  const { data, info } = await uprightImage(input, scaling)
    .flatten({ background: 'white' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { bytes: data, width: info.width, height: info.height }
}
