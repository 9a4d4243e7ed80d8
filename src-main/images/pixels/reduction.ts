import type { Crop } from '#model/augment/crop'

/**
 * The largest factor of 8, 4, 2 and 1 by which an image can be reduced so that a crop of these sides is still no
 * smaller than the `size` it is scaled to. A JPEG reduced by it is decoded in a fraction of the time.
 */
export function reductionFor(smallest: { width: number; height: number }, size: number): number {
  const room = Math.min(smallest.width, smallest.height) / size
  return room >= 8 ? 8 : room >= 4 ? 4 : room >= 2 ? 2 : 1
}

/** A crop of an image in the reduced image; it may begin and end within a pixel. */
export const reduceCrop = ({ left, top, width, height }: Crop, reduction: number): Crop => ({
  left: left / reduction,
  top: top / reduction,
  width: width / reduction,
  height: height / reduction,
})
