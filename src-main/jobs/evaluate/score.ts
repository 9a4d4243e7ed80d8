import type { Score } from '#shared/contract'

/** As many mistakes are kept, those of the highest confidence. */
const mostMistakes = 1000

/** The images that were asked about, and how the scores of one become shares that add up to 1. */
interface Asked {
  paths: string[]
  shares(row: number[]): number[]
}

/** The shares of votes that neighbours gave. */
export function shareOfVotes(votes: number[]): number[] {
  const sum = votes.reduce((a, b) => a + b, 0)
  return votes.map((vote) => vote / sum)
}

/** The probabilities that logits stand for. */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits)
  const largest = Math.max(...values)
  const powers = values.map((x) => Math.exp(x - largest))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((p) => p / sum)
}

/**
 * How well the scores [images, classes] predict the labels. Of equal scores the first class wins; classes without images
 * do not count. With the images asked about it names those that were taken for another class, the surest first.
 */
export function scoreOf(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: string[],
  asked?: Asked,
): Score {
  const mistakes: Score['mistakes'] = []
  const confusion = classes.map(() => classes.map(() => 0))
  let [top1, top5] = [0, 0]
  for (let image = 0; image < labels.length; image++) {
    const row = Array.from(classes, (_, c) => scores[image * classes.length + c]!)
    const label = labels[image]!
    const better = row.filter((score, c) => score > row[label]! || (score === row[label] && c < label)).length
    const predicted = row.indexOf(Math.max(...row))
    confusion[label]![predicted]!++
    if (asked && predicted !== label)
      mistakes.push({
        path: asked.paths[image]!,
        label,
        predicted,
        confidence: asked.shares(row)[predicted]!,
      })
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
    mistakes: mistakes.sort((a, b) => b.confidence - a.confidence).slice(0, mostMistakes),
  }
}
