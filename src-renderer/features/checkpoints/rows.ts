import type { Checkpoint, Health, MetricColumns } from '#shared/contract'

/** A checkpoint with what was measured when it was saved. */
export interface CheckpointRow extends Checkpoint {
  /** Of the last step before it. */
  trainingLoss: number | null
  /** On held-out images; null without any. */
  validationLoss: number | null
  /** Share of images whose class 20 neighbours predict; null where it was not measured. */
  knn: number | null
  newest: boolean
  /** The lowest loss of all. */
  best: boolean
}

/** The last place of a rising list that is not above a value; −1 where there is none. */
const placeOf = (steps: number[], step: number) => steps.filter((other) => other <= step).length - 1

/** The checkpoints of a run, newest first, with the figures of their steps. */
export function checkpointRows(
  checkpoints: Checkpoint[],
  metrics: MetricColumns | undefined,
  health: Health | null,
): CheckpointRow[] {
  const losses = checkpoints.flatMap(({ loss }) => loss ?? [])
  const lowest = losses.length > 1 ? Math.min(...losses) : null
  const validated = metrics?.validationLoss.some((loss) => loss !== null) ?? false
  return checkpoints
    .map((checkpoint, i) => {
      const { step, loss } = checkpoint
      const measured = health ? placeOf(health.step, step) : -1
      return {
        ...checkpoint,
        trainingLoss: metrics?.loss[placeOf(metrics.step, step)] ?? null,
        validationLoss: validated ? loss : null,
        // A measurement belongs to the checkpoint that was saved with it.
        knn: health?.step[measured] === step ? (health.knn[measured] ?? null) : null,
        newest: i === checkpoints.length - 1,
        best: loss !== null && loss === lowest,
      }
    })
    .reverse()
}
