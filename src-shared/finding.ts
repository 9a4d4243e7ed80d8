import type { ExperimentVariant, FigureName, Finding } from './contract'

/** The scores of a variant's runs, without those that have none yet. */
export const scoresOf = ({ runs }: Pick<ExperimentVariant, 'runs'>, figure: FigureName): number[] =>
  runs.flatMap(({ figures }) => figures[figure] ?? [])

/** How far apart by chance two scores on so many test images may be, 0 to 1: a 95% interval where half are right. */
export const chance = (testImages: number): number =>
  testImages > 0 ? Math.min(1, 1.96 * Math.sqrt(0.25 / testImages)) : 1

/**
 * Which variant is ahead by a score, and whether clearly: with several seeds where its worst beats the best of every other,
 * with one seed where the difference is more than test images leave to chance. Null before two variants have a score.
 */
export function findingOf(
  variants: ExperimentVariant[],
  figure: FigureName,
  testImages: number,
): Finding | null {
  const scored = variants
    .flatMap(({ name, runs, mean }) => {
      const scores = scoresOf({ runs }, figure)
      return mean[figure] === null ? [] : [{ name, mean: mean[figure], scores }]
    })
    .sort((a, b) => b.mean - a.mean)
  const [best, second] = scored
  if (!best || !second) return null
  const gain = best.mean - second.mean
  const others = scored.slice(1).flatMap(({ scores }) => scores)
  const several = scored.every(({ scores }) => scores.length > 1)
  const clear = several ? Math.min(...best.scores) > Math.max(...others) : gain > chance(testImages)
  return { best: best.name, second: second.name, gain, clear }
}
