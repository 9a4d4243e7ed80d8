import type { Evaluation, Score } from '#shared/contract'
import { uncertainty } from '#shared/uncertainty'

/** The figure of an evaluation that it is known by: the mean IoU of a segmentation, else the top-1 accuracy. */
export const mainScore = ({ kind, score }: Pick<Evaluation, 'kind' | 'score'>) =>
  kind === 'segment' ? score?.meanIou : score?.top1

/** What is too small to tell: points of accuracy below which a gain over random weights can be chance; null where it is none. */
export function chanceOf(evaluation: Evaluation, baseline: Evaluation | undefined): number | null {
  if (evaluation.kind === 'segment' || !evaluation.score || !baseline?.score) return null
  const { top1, images } = evaluation.score
  const margin = uncertainty(top1, images)
  return top1 - baseline.score.top1 < margin ? Math.round(100 * margin) : null
}

/** The mistakes of a cell of the confusion, or all of them. */
export const mistakesOf = ({ mistakes }: Score, cell: { row: number; column: number } | null) =>
  cell ? mistakes.filter(({ label, predicted }) => label === cell.row && predicted === cell.column) : mistakes
