import { type Alike, keepAlike } from '#images/index/alike'
import type { DatasetIndex } from '#images/index/dataset-index'
import type { FeaturesOf } from '#inference/features/kept-features'
import type { FeatureRows } from '#inference/features/knn'
import { messagesRead } from '#platform/background'
import { measuredRows } from './measured-rows'

/** Numbers of two rows that are compared before it is asked whether they can still be alike. */
const compared = 16
/** Rows after which messages are let in. */
const rowsAtOnce = 50

/** Finds images that a checkpoint takes for nearly the same, by the cosine of their features, and keeps which. */
export async function findAlike(
  index: DatasetIndex,
  checkpoint: FeaturesOf,
  similarity: number,
): Promise<void> {
  const { files, splits, values, width } = await measuredRows(index, checkpoint, 2)
  const found = (await alike({ values, width }, splits, similarity)).map((pair): Alike => ({
    file: files[pair.row]!,
    of: files[pair.of]!,
    similarity: pair.similarity,
  }))
  const { run, step } = checkpoint
  keepAlike(index, { run, step, similarity, at: new Date().toISOString() }, found)
}

/**
 * Of each row the most similar of those before, where these are that similar; and where that is of its own split, the most similar of
 * another. Every pair is compared, most of them by a few of their numbers: rows of length 1 whose squared distance is above
 * 2 - 2 · similarity are not alike.
 */
export async function alike({ values, width }: FeatureRows, splits: (string | null)[], similarity: number) {
  const limit = 2 - 2 * similarity
  const found: { row: number; of: number; similarity: number }[] = []
  for (let row = 0; row < splits.length; row++) {
    const own = values.subarray(row * width, (row + 1) * width)
    const nearest = { own: { of: -1, distance: limit }, other: { of: -1, distance: limit } }
    for (let of = 0; of < row; of++) {
      const best = splits[of] === splits[row] ? nearest.own : nearest.other
      let distance = 0
      for (let i = 0, at = of * width; i < width && distance <= best.distance;)
        for (const end = Math.min(width, i + compared); i < end; i++)
          distance += (own[i]! - values[at++]!) ** 2
      if (distance <= best.distance && (best.of < 0 || distance < best.distance)) [best.of, best.distance] = [of, distance] // prettier-ignore
    }
    const { own: same, other } = nearest
    const kept =
      same.of >= 0 && same.distance < other.distance ? [same, other] : [other.of >= 0 ? other : same]
    for (const { of, distance } of kept) if (of >= 0) found.push({ row, of, similarity: 1 - distance / 2 })
    if (row % rowsAtOnce === 0) await messagesRead()
  }
  return found
}
