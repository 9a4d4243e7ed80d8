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

/** How many uniform numbers an augmentation takes. */
export const augmentationDraws = 5

/**
 * RandomResizedCrop with one draw of area and of log-ratio, clamped to the image, and the horizontal flip
 * (paper, Table 6; docs/method.md). u: five numbers uniform in [0, 1).
 */
export function augmentation(
  width: number,
  height: number,
  h: CropSettings,
  u: ArrayLike<number>,
): { crop: Crop; flip: boolean } {
  const between = (low: number, high: number, t: number) => low + (high - low) * t
  const area = width * height * between(h.cropScaleMinimum, h.cropScaleMaximum, u[0]!)
  const ratio = Math.exp(between(Math.log(h.cropRatioMinimum), Math.log(h.cropRatioMaximum), u[1]!))
  const w = Math.min(Math.max(Math.round(Math.sqrt(area * ratio)), 1), width)
  const v = Math.min(Math.max(Math.round(Math.sqrt(area / ratio)), 1), height)
  return {
    crop: {
      left: Math.floor(u[2]! * (width - w + 1)),
      top: Math.floor(u[3]! * (height - v + 1)),
      width: w,
      height: v,
    },
    flip: h.flip && u[4]! < 0.5,
  }
}

/** Sides that no crop of an image of this size falls below. */
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
