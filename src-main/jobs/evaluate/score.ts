import type { Score } from '#shared/contract'

/**
 * How well the scores [images, classes] predict the labels. Of equal scores the first class wins; classes without images
 * do not count.
 */
export function scoreOf(scores: ArrayLike<number>, labels: ArrayLike<number>, classes: string[]): Score {
  const confusion = classes.map(() => classes.map(() => 0))
  let [top1, top5] = [0, 0]
  for (let image = 0; image < labels.length; image++) {
    const row = Array.from(classes, (_, c) => scores[image * classes.length + c]!)
    const label = labels[image]!
    const better = row.filter((score, c) => score > row[label]! || (score === row[label] && c < label)).length
    confusion[label]![row.indexOf(Math.max(...row))]!++
    if (better === 0) top1++
    if (better < 5) top5++
  }
  const perClass = classes.map((name, c) => {
    const images = confusion[c]!.reduce((a, b) => a + b, 0)
    return { name, images, accuracy: images ? confusion[c]![c]! / images : null }
  })
  const known = perClass.flatMap(({ accuracy }) => accuracy ?? [])
  return {
    images: labels.length,
    top1: top1 / labels.length,
    top5: top5 / labels.length,
    balanced: known.reduce((a, b) => a + b, 0) / known.length,
    perClass,
    confusion,
  }
}
