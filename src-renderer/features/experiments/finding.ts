import type { Experiment, ExperimentScore, ExperimentSummary, FigureName, Finding } from '#shared/contract'
import { findingOf, scoresOf } from '#shared/finding'
import { counted } from '#shared/words'
import { accuracy } from '#ui/format'

/** Scores in the order in which they are shown; of images that may be few in a class, the mean per class is fairer. */
export const scoreTitles: Record<ExperimentScore, { title: string; plain: string; figure: FigureName }> = {
  knn: { title: 'kNN', plain: 'kNN', figure: 'knnBalanced' },
  probe: { title: 'Linear probe', plain: 'the linear probe', figure: 'probeBalanced' },
  finetune: { title: 'Fine-tuning', plain: 'fine-tuning', figure: 'finetuneBalanced' },
}

/** A difference of scores in points: `1.2 points`. */
export const points = (share: number) => counted(Number((100 * share).toFixed(1)), 'points')
export const gainOf = ({ gain }: Finding) => points(gain)

/** The state of an experiment in a word, with its dot. */
export function stateOf({ under, failed, finished, total }: ExperimentSummary): {
  word: string
  dot: string
} {
  if (under === 'running') return { word: 'Training', dot: 'run' }
  if (failed) return { word: `${counted(failed, 'runs')} failed`, dot: 'bad' }
  if (under === 'queued') return { word: 'Queued', dot: 'wait' }
  return finished === total ? { word: 'Finished', dot: 'ok' } : { word: 'Stopped', dot: '' }
}

/** What an experiment found, in a first and further sentences; null before there is anything to say. */
export function sentenceOf(experiment: Experiment): { clear: boolean; first: string; more: string } | null {
  const { variants, testImages, under, scores } = experiment
  const found = findingOf(variants, 'knnBalanced', testImages)
  if (!found) return null
  const named = (name: string) => variants.find((variant) => variant.name === name)!
  if (!found.clear)
    return {
      clear: false,
      first: under ? 'No clear winner yet.' : 'No clear winner.',
      more: `${found.best} is ahead of ${lower(found.second)} by ${gainOf(found)} of kNN, which can be chance.`,
    }
  const [best, second] = [
    scoresOf(named(found.best), 'knnBalanced'),
    scoresOf(named(found.second), 'knnBalanced'),
  ]
  const worst = accuracy(Math.min(...best))
  const others = accuracy(Math.max(...second))
  const gains = scores.flatMap((score) => {
    const { figure, plain } = scoreTitles[score]
    const [a, b] = [named(found.best).mean[figure], named(found.second).mean[figure]]
    return a === null || b === null ? [] : `${points(a - b)} of ${plain}`
  })
  const seeds =
    best.length > 1
      ? `Its worst seed (${worst}) beats the best of ${lower(found.second)} (${others}).`
      : `It scores ${worst}, ${lower(found.second)} ${others}.`
  return {
    clear: true,
    first: `${found.best} learns more.`,
    more: `${seeds} Mean gain: ${gains.join(', ')}.`,
  }
}

/** Inside a sentence; abbreviations stay as they are. */
const lower = (text: string) =>
  /^[A-Z][a-z]/.test(text) ? `${text[0]!.toLowerCase()}${text.slice(1)}` : text

/** How far each seed of a variant is ahead of the same seed of another. */
export function gainsBySeed(
  { variants }: Pick<Experiment, 'variants'>,
  best: string,
  second: string,
  figure: FigureName,
): { seed: number; gain: number }[] {
  const runsOf = (name: string) => variants.find((variant) => variant.name === name)?.runs ?? []
  return runsOf(best).flatMap(({ seed, figures }) => {
    const mine = figures[figure]
    const other = runsOf(second).find((run) => run.seed === seed)?.figures[figure] ?? null
    return mine === null || other === null ? [] : [{ seed, gain: mine - other }]
  })
}

/** Round numbers around values, in percent, at most six of them with the same step. */
export function ticksAround(shares: number[]): number[] {
  if (shares.length === 0) return []
  const [low, high] = [100 * Math.min(...shares), 100 * Math.max(...shares)]
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((each) => (high - low) / each <= 4) ?? 100
  const [first, last] = [Math.floor(low / step), Math.max(Math.ceil(high / step), Math.floor(low / step) + 1)]
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(1)))
}
