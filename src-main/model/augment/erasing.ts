/** How often timm draws a box until one is smaller than the image. */
const tries = 10

/** How many uniform numbers the erasing of an image takes. */
export const erasingDraws = 3 + 2 * tries

/** A box of a square image in pixels. */
interface Box {
  left: number
  top: number
  width: number
  height: number
}

/**
 * timm's RandomErasing in mode `pixel`: with a probability a box of 2 to 33% of a square image, of a side ratio from .3 to
 * 1 / .3, up to ten draws until one is smaller than the image. u: `erasingDraws` uniform numbers.
 */
export function erasedBox(size: number, probability: number, u: ArrayLike<number>): Box | null {
  if (u[0]! >= probability) return null
  const between = (low: number, high: number, t: number) => low + (high - low) * t
  for (let i = 0; i < tries; i++) {
    const area = size ** 2 * between(0.02, 1 / 3, u[3 + 2 * i]!)
    const ratio = Math.exp(between(Math.log(0.3), -Math.log(0.3), u[4 + 2 * i]!))
    const [height, width] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))]
    if (width < size && height < size)
      return {
        left: Math.floor(u[1]! * (size - width + 1)),
        top: Math.floor(u[2]! * (size - height + 1)),
        width,
        height,
      }
  }
  return null
}

/** Fills a box of an image of normalised pixels [size, size, 3] with numbers, row by row. */
export function erase(
  image: Float32Array,
  size: number,
  { left, top, width, height }: Box,
  noise: ArrayLike<number>,
): void {
  let at = 0
  for (let y = top; y < top + height; y++)
    for (let i = (y * size + left) * 3; i < (y * size + left + width) * 3; i++) image[i] = noise[at++]!
}
