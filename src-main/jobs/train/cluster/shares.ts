import type { Cluster } from '#shared/contract'
import { AppError } from '#shared/errors'
import { allSettings, type Hyperparameters } from '#shared/settings/hyperparameters'
import { objectives } from '#shared/settings/objectives'

/** What a person should know of a run's settings that workers do without; null where they keep to all. */
export function leftOutNotice(h: Hyperparameters): string | null {
  const unused = allSettings.filter(
    ({ name, distributed, default: standard }) => distributed === 'no' && h[name] !== standard,
  )
  if (unused.length === 0) return null
  return `These settings have no effect on a cluster: ${unused.map(({ title }) => title).join(', ')}.`
}

/** Throws AppError bad-settings where the workers of a cluster cannot train by these settings. */
export function requireShares(h: Hyperparameters, { workers }: Cluster): void {
  const refuse = (message: string, advice: string) => {
    throw new AppError('bad-settings', message, advice)
  }
  const { distributed, title } = objectives[h.objective]
  if (!distributed)
    refuse(
      `${title} cannot be trained on a cluster.`,
      'Train it on this machine, or choose another objective.',
    )
  if (h.precision !== 'float32')
    refuse(
      `A cluster computes in float32 only, not in ${h.precision}.`,
      'Set the precision to float32, or train on this machine.',
    )
  const images = h.batchSize * h.accumulation
  if (workers > images)
    refuse(
      `${workers} workers cannot share the ${images} images of a step.`,
      'Take fewer workers or a larger batch.',
    )
}
