import { listedAll } from '#shared/words'
import type { Hyperparameters } from './hyperparameters'

/** Settings that change what a model has to predict, or how far off it counts, in words. */
const tasks = {
  objective: 'objective',
  order: 'order',
  blurSize: 'blur',
  blurSigma: 'blur',
  normalizePixels: 'normalised patches',
  loss: 'loss',
  imageSize: 'image size',
  patchSize: 'patch size',
  maskRatio: 'hidden patches',
} satisfies Partial<Record<keyof Hyperparameters, string>>

/** What of the task differs between settings: where there is anything, their losses cannot be compared. */
export function taskDifferences(of: Hyperparameters[]): string[] {
  const names = Object.keys(tasks) as (keyof typeof tasks)[]
  // What settings do without hidden patches does not change their task.
  const relevant = names.filter(
    (name) => name !== 'maskRatio' || of.some(({ objective }) => objective === 'mae'),
  )
  const differing = relevant.filter((name) => new Set(of.map((h) => h[name])).size > 1)
  return [...new Set(differing.map((name) => tasks[name]))]
}

/** Why losses cannot be compared, in a sentence; null where they can. */
export function whyNoLosses(
  of: { hyperparameters: Hyperparameters; dataset: { name: string } }[],
): string | null {
  const images = new Set(of.map(({ dataset }) => dataset.name)).size > 1 ? ['images'] : []
  const differing = [...images, ...taskDifferences(of.map(({ hyperparameters }) => hyperparameters))]
  if (differing.length === 0) return null
  const text = listedAll(differing)
  const plural =
    differing.length > 1 || ['images', 'normalised patches', 'hidden patches'].includes(differing[0]!)
  return `${text[0]!.toUpperCase()}${text.slice(1)} ${plural ? 'change' : 'changes'} the task, so these losses cannot be compared. Compare kNN.`
}
