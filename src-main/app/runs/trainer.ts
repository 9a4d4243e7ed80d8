import { automatic, type Cluster } from '#shared/contract'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { decided } from '#shared/settings/precision'
import { engineChoice } from '#engine/engines'
import { requireShares } from '#jobs/train/cluster/shares'

/** Throws AppError bad-settings or engine-unavailable where what shall train a run cannot do so by its settings. */
export function requireTrainer(
  { engine, cluster }: { engine: string; cluster?: Cluster | null },
  h: Hyperparameters,
): void {
  if (cluster) requireShares(h, cluster)
  else if (engine !== automatic) engineChoice(engine, decided(h.precision))
}
