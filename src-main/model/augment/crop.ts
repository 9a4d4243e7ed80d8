import type { Hyperparameters } from '#shared/settings/hyperparameters'

/** By which pixels in 0..1 are normalised: of each channel the mean, and the deviation to divide by. */
export interface PixelStatistics {
  mean: number[]
  deviation: number[]
}

/** A part of an image in pixels. */
export interface Crop {
  left: number
  top: number
  width: number
  height: number
}

type CropSettings = Pick<
  Hyperparameters,
  'cropScaleMinimum' | 'cropScaleMaximum' | 'cropRatioMinimum' | 'cropRatioMaximum' | 'flip'
>

/** How often torchvision draws a crop until one fits inside the image. */
const tries = 10

/**
 * How many uniform numbers a crop and its flip take: area and ratio of the first draw, left, top, flip, then area and ratio of
 * the further draws.
 */
export const augmentationDraws = 5 + 2 * (tries - 1)

/**
 * torchvision's RandomResizedCrop and the horizontal flip (paper, Table 6; docs/method.md): up to ten draws of area and
 * log-ratio until one fits inside the image, else the central crop of the nearest allowed ratio.
 * u: `augmentationDraws` numbers uniform in [0, 1).
 */
export function augmentation(
  width: number,
  height: number,
  h: CropSettings,
  u: ArrayLike<number>,
): { crop: Crop; flip: boolean } {
  const flip = h.flip && u[4]! < 0.5
  for (let i = 0; i < tries; i++) {
    const at = i === 0 ? 0 : 3 + 2 * i
    const { w, v } = drawnSides(width, height, h, u[at]!, u[at + 1]!)
    if (w > 0 && w <= width && v > 0 && v <= height)
      return { crop: placed(width, height, w, v, u[2]!, u[3]!), flip }
  }
  const ratio = width / height
  const [w, v] =
    ratio < h.cropRatioMinimum
      ? [width, halfEven(width / h.cropRatioMinimum)]
      : ratio > h.cropRatioMaximum
        ? [halfEven(height * h.cropRatioMaximum), height]
        : [width, height]
  const middle = { left: Math.floor((width - w) / 2), top: Math.floor((height - v) / 2) }
  return { crop: { ...middle, width: w, height: v }, flip }
}

/**
 * The same with one draw, clamped to the image: the crop of the authors' linear probe, as MAE's. u: five numbers uniform in
 * [0, 1).
 */
export function oneDraw(
  width: number,
  height: number,
  h: CropSettings,
  u: ArrayLike<number>,
): { crop: Crop; flip: boolean } {
  const { w, v } = drawnSides(width, height, h, u[0]!, u[1]!)
  const clamped = (side: number, most: number) => Math.min(Math.max(side, 1), most)
  return {
    crop: placed(width, height, clamped(w, width), clamped(v, height), u[2]!, u[3]!),
    flip: h.flip && u[4]! < 0.5,
  }
}

/** Sides of a crop by its area and its ratio, uniform in its logarithm; they may be larger than the image's. */
function drawnSides(width: number, height: number, h: CropSettings, area: number, ratio: number) {
  const between = (low: number, high: number, t: number) => low + (high - low) * t
  const pixels = width * height * between(h.cropScaleMinimum, h.cropScaleMaximum, area)
  const shape = Math.exp(between(Math.log(h.cropRatioMinimum), Math.log(h.cropRatioMaximum), ratio))
  return { w: Math.round(Math.sqrt(pixels * shape)), v: Math.round(Math.sqrt(pixels / shape)) }
}

const placed = (width: number, height: number, w: number, v: number, left: number, top: number): Crop => ({
  left: Math.floor(left * (width - w + 1)),
  top: Math.floor(top * (height - v + 1)),
  width: w,
  height: v,
})

/** Sides that no crop of an image of this size falls below, but those of strips, which are as wide as the strip. */
export function smallestCrop(
  width: number,
  height: number,
  h: CropSettings,
): { width: number; height: number } {
  const area = width * height * h.cropScaleMinimum
  return {
    width: Math.min(Math.sqrt(area * h.cropRatioMinimum), width),
    height: Math.min(Math.sqrt(area / h.cropRatioMaximum), height),
  }
}

/** An image scaled whole, and the square of it that is taken. */
export interface Scaled {
  width: number
  height: number
  left: number
  top: number
}

/**
 * How images are scored, as torchvision's Resize(size / .875) of the shorter side and CenterCrop(size) do it; above 224 pixels
 * Resize(size), as the authors' (docs/method.md, "Fine-tuning").
 */
export function scoringView(width: number, height: number, size: number): Scaled {
  const short = size <= 224 ? Math.trunc(size / 0.875) : size
  const long = Math.trunc((short * Math.max(width, height)) / Math.min(width, height))
  const [w, v] = width <= height ? [short, long] : [long, short]
  return { width: w, height: v, left: halfEven((w - size) / 2), top: halfEven((v - size) / 2) }
}

/** As Python rounds: a half to the even number. */
const halfEven = (value: number) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value))

/** The largest square in the middle, for images that are to look the same each time. */
export function centreCrop(width: number, height: number): Crop {
  const side = Math.min(width, height)
  return {
    left: Math.floor((width - side) / 2),
    top: Math.floor((height - side) / 2),
    width: side,
    height: side,
  }
}
