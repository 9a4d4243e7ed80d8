import type { Crop } from '../saim/augmentation'

/**
 * The largest factor of 8, 4, 2 and 1 by which an image can be reduced so that a crop of these sides is still no
 * smaller than the `size` it is scaled to. A JPEG reduced by it is decoded in a fraction of the time.
 */
export function reductionFor(smallest: { width: number; height: number }, size: number): number {
  const room = Math.min(smallest.width, smallest.height) / size
  return room >= 8 ? 8 : room >= 4 ? 4 : room >= 2 ? 2 : 1
}

/** A crop of an image in the reduced image, to the nearest pixel. */
export function reduceCrop(crop: Crop, image: { width: number; height: number }, reduction: number): Crop {
  if (reduction === 1) return crop
  const along = (start: number, length: number, whole: number) => {
    const reduced = Math.ceil(whole / reduction)
    const from = Math.min(Math.round(start / reduction), reduced - 1)
    return { from, length: Math.max(1, Math.min(Math.round(length / reduction), reduced - from)) }
  }
  const x = along(crop.left, crop.width, image.width)
  const y = along(crop.top, crop.height, image.height)
  return { left: x.from, top: y.from, width: x.length, height: y.length }
}
