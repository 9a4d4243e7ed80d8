import type { Score } from '#shared/contract'
import { unlabelled } from '#images/masks'

/**
 * The class of each pixel [size, size] by logits of patches [grid, grid, classes]: these are interpolated between the
 * middles of patches (bilinear, edges repeated, as PyTorch's interpolate without aligned corners), and the largest wins.
 */
export function classesOfPixels(
  logits: ArrayLike<number>,
  grid: number,
  size: number,
  classes: number,
): Uint8Array {
  const axis = Array.from({ length: size }, (_, i) => {
    const x = Math.max(((i + 0.5) * grid) / size - 0.5, 0)
    const low = Math.floor(x)
    return { low, high: Math.min(low + 1, grid - 1), share: x - low }
  })
  const named = new Uint8Array(size * size)
  axis.forEach((y, row) =>
    axis.forEach((x, column) => {
      let best = -Infinity
      for (let c = 0; c < classes; c++) {
        const at = (i: number, j: number) => logits[(i * grid + j) * classes + c]!
        const upper = at(y.low, x.low) * (1 - x.share) + at(y.low, x.high) * x.share
        const lower = at(y.high, x.low) * (1 - x.share) + at(y.high, x.high) * x.share
        const logit = upper * (1 - y.share) + lower * y.share
        if (logit > best) {
          best = logit
          named[row * size + column] = c
        }
      }
    }),
  )
  return named
}

/** Counts the pixels of each class (row) by their predicted class (column) in `confusion`, without unlabelled ones. */
export function countPixels(confusion: number[][], truth: Uint8Array, named: Uint8Array): void {
  truth.forEach((label, i) => {
    if (label !== unlabelled) confusion[label]![named[i]!]!++
  })
}

/**
 * The score of a segmentation from its confusion of pixels. Intersection over union of a class: correct pixels / (its
 * pixels + pixels predicted as it - correct ones); the mean is over the classes that occur or were predicted.
 */
export function segmentationScore(confusion: number[][], classes: string[], images: number): Score {
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
  const perClass = classes.map((name, c) => {
    const [own, named, right] = [sum(confusion[c]!), sum(confusion.map((row) => row[c]!)), confusion[c]![c]!]
    const union = own + named - right
    return { name, images: own, accuracy: own ? right / own : null, iou: union ? right / union : null }
  })
  const mean = (values: number[]) => sum(values) / values.length
  return {
    images,
    top1: sum(perClass.map((_, c) => confusion[c]![c]!)) / sum(confusion.flat()),
    top5: null,
    balanced: mean(perClass.flatMap(({ accuracy }) => accuracy ?? [])),
    meanIou: mean(perClass.flatMap(({ iou }) => iou ?? [])),
    perClass,
    confusion,
    mistakes: [],
  }
}
