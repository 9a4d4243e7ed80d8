import type { Suggested } from '#shared/contract'
import type { DatasetIndex } from '#images/index/dataset-index'
import type { Checkpoint } from '#images/index/measured'
import { keepSuggestions, labelledRows } from '#images/index/suggestions'
import { FeatureFile } from '#inference/features/feature-file'
import { rowsAt } from '#inference/rows'
import { centreOf, classify, type FewShot, fit } from './few-shot'

/** Labels that a class needs before a classifier learns from them. */
const labelsForAll = 3

/**
 * Fits a classifier to the labels of a data set and keeps what it says of each image: of those with a class, what it says without
 * their label. The classifier is null where there are too few classes or labels.
 */
export async function suggest(
  index: DatasetIndex,
  file: string,
  { width, ...checkpoint }: Checkpoint & { width: number },
): Promise<{ suggested: Suggested; classifier: FewShot | null }> {
  const begin = performance.now()
  const { rows, files, classes } = labelledRows(index, checkpoint)
  const labelled = [...classes.keys()].filter((at) => classes[at] !== null)
  const unlabelled = [...classes.keys()].filter((at) => classes[at] === null)
  const labels = labelled.map((at) => classes[at]!)
  const counts = new Map<string, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  const answer = (right: number | null): Suggested => ({
    labelled: labelled.length,
    unlabelled: unlabelled.length,
    classes: [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, images]) => ({ name, images })),
    right,
    seconds: (performance.now() - begin) / 1000,
  })
  if (counts.size < 2 || labels.length < labelsForAll) {
    keepSuggestions(index, [])
    return { suggested: answer(null), classifier: null }
  }
  const opened = await FeatureFile.toRead(file, width)
  const all = await opened.all().finally(() => opened.close())
  const of = (places: number[]) =>
    rowsAt(
      all,
      width,
      places.map((at) => rows[at]!),
    )
  const { classifier, leftOut } = fit(of(labelled), centreOf(rowsAt(all, width, rows), width), labels)
  const guesses = classify(classifier, of(unlabelled))
  keepSuggestions(index, [
    ...labelled.map((at, i) => ({ file: files[at]!, ...leftOut[i]! })),
    ...unlabelled.map((at, i) => ({ file: files[at]!, ...guesses[i]! })),
  ])
  return { suggested: answer(leftOut.filter((guess, i) => guess.class === labels[i]).length), classifier }
}
