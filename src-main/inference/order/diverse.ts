import type { DatasetIndex } from '#images/index/dataset-index'
import type { FeaturesOf } from '#inference/features/kept-features'
import type { FeatureRows } from '#inference/features/knn'
import { messagesRead } from '#platform/background'
import { measuredRows } from './measured-rows'

/** The numbers of images of a data set that differ as much as they can. Throws AppError too-few-images. */
export async function diverseImages(
  index: DatasetIndex,
  checkpoint: FeaturesOf,
  count: number,
): Promise<number[]> {
  const { files, values, width } = await measuredRows(index, checkpoint, count)
  const rows = { values, width }
  return (await kCentres(rows, count, mostOrdinary(rows))).map((row) => files[row]!)
}

/**
 * Rows that cover all others, the first one given: each next is the one farthest from its nearest before (Sener and Savarese,
 * "Active learning for convolutional neural networks: a core-set approach", algorithm 1). At most twice as far from some row as
 * the best choice would be. Lets messages in between.
 */
export async function kCentres({ values, width }: FeatureRows, count: number, first: number) {
  const chosen = [first]
  const nearest = new Float64Array(values.length / width).fill(Infinity)
  while (chosen.length < count) {
    const centre = values.subarray(chosen.at(-1)! * width, (chosen.at(-1)! + 1) * width)
    let farthest = 0
    for (let row = 0, at = 0; row < nearest.length; row++) {
      let distance = 0
      for (let i = 0; i < width; i++) distance += (values[at++]! - centre[i]!) ** 2
      if (distance < nearest[row]!) nearest[row] = distance
      if (nearest[row]! > nearest[farthest]!) farthest = row
    }
    chosen.push(farthest)
    await messagesRead()
  }
  return chosen
}

/** The row nearest to the mean of all. */
function mostOrdinary({ values, width }: FeatureRows): number {
  const sum = new Float64Array(width)
  for (let at = 0; at < values.length; at++) sum[at % width]! += values[at]!
  let [best, most] = [0, -Infinity]
  for (let row = 0; row < values.length / width; row++) {
    const product = sum.reduce((total, mean, i) => total + mean * values[row * width + i]!, 0)
    if (product > most) [best, most] = [row, product]
  }
  return best
}
