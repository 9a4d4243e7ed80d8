import type { Cluster } from '#shared/contract'
import { AppError } from '#shared/errors'
import { allSettings, type Hyperparameters } from '#shared/settings/hyperparameters'

/** What a person should know of a run's settings that workers do without; null where they keep to all. */
export function leftOutNotice(h: Hyperparameters): string | null {
  const unused = allSettings.filter(
    ({ name, distributed, default: standard }) => distributed === 'no' && h[name] !== standard,
  )
  if (unused.length === 0) return null
  return `These settings have no effect with PyTorch: ${unused.map(({ title }) => title).join(', ')}.`
}

/** Throws AppError bad-settings where the workers of a cluster cannot train by these settings. */
export function requireShares(h: Hyperparameters, { workers }: Cluster): void {
  const images = h.batchSize * h.accumulation
  if (workers > images)
    throw new AppError(
      'bad-settings',
      `${workers} workers cannot share the ${images} images of a step.`,
      'Take fewer workers or a larger batch.',
    )
}
