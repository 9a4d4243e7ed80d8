import type { Checkpoint } from '#shared/contract'
import type { Hyperparameters } from '#shared/settings/hyperparameters'

export type Retention = Pick<Hyperparameters, 'keepEvery' | 'keepBest'>

/**
 * The steps of checkpoints, oldest first, that a rule does not keep: neither the newest, nor a `keepEvery`-th of the
 * regular, nor one of the `keepBest` of the lowest loss.
 */
export function stepsToRemove(
  checkpoints: Pick<Checkpoint, 'step' | 'number' | 'loss'>[],
  { keepEvery, keepBest }: Retention,
): number[] {
  const best = checkpoints
    .filter(({ loss }) => loss !== null)
    .sort((a, b) => a.loss! - b.loss!)
    .slice(0, keepBest)
  return checkpoints
    .slice(0, -1)
    .filter((checkpoint) => !best.includes(checkpoint) && !isRegular(checkpoint.number))
    .map(({ step }) => step)

  function isRegular(number: number | null): boolean {
    if (keepEvery === 1) return true
    return number !== null && keepEvery > 0 && number % keepEvery === 0
  }
}
