import type { Health, MetricColumns } from './contract'
import type { Hyperparameters } from './settings/hyperparameters'

/** How the loss of a run goes. */
export type Course =
  /** Too few steps to say. */
  | { kind: 'early' }
  | { kind: 'falls' }
  /** It has hardly fallen since a step. */
  | { kind: 'flat'; since: number }
  /** It has risen well above its lowest, which was at a step. */
  | { kind: 'rises'; since: number }

/** Stretches that a run so far is divided into; each is judged by its mean loss. */
const stretches = 30
/** Rows before anything is said. */
const enough = 60
/** Flat: the last third brought less than this share of all that was gained. */
const hardly = 0.01
/** Rising: the last stretch is above the lowest by this share of all that was gained. */
const wellAbove = 0.3

/** What the losses of a run so far say; `total` is the number of steps it will make. */
export function courseOf({ step, loss }: Pick<MetricColumns, 'step' | 'loss'>, total: number): Course {
  if (loss.length < enough) return { kind: 'early' }
  const means = Array.from({ length: stretches }, (_, i) => {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * loss.length) / stretches)) as [number, number]
    const part = loss.slice(from, to)
    return { step: step[from]!, loss: part.reduce((sum, value) => sum + value, 0) / part.length }
  })
  const lowest = means.reduce((least, each) => (each.loss < least.loss ? each : least))
  const gained = means[0]!.loss - lowest.loss
  const now = means.at(-1)!
  if (now.loss - lowest.loss > wellAbove * Math.max(gained, 0.1 * lowest.loss))
    return { kind: 'rises', since: lowest.step }
  const third = Math.floor((stretches * 2) / 3)
  const best = (part: typeof means) => Math.min(...part.map(({ loss }) => loss))
  const lately = best(means.slice(0, third)) - best(means.slice(third))
  // What is almost done needs no advice, and in the first fifth a run may still gather pace.
  const share = now.step / Math.max(total, 1)
  if (lately < hardly * gained && share > 0.2 && share < 0.9)
    return { kind: 'flat', since: means[third]!.step }
  return { kind: 'falls' }
}

/** A verdict on what a run learns, for people. */
export interface Verdict {
  tone: 'ok' | 'warn' | 'bad' | 'info'
  title: string
  text: string
}

/** Features collapse where they use less than this share of the directions, or of the variance, that they once had. */
const collapsed = { rank: 0.3, variance: 0.02 }

/** What the loss and the health of a run say together. */
export function verdictOf(course: Course, health: Health | null): Verdict {
  const known = (values: (number | null)[]) => values.filter((value) => value !== null)
  const rank = health?.effectiveRank ?? []
  const variance = health?.variance ?? []
  const most = (values: number[]) => Math.max(...values)
  if (rank.length > 1 && rank.at(-1)! < collapsed.rank * most(rank))
    return {
      tone: 'bad',
      title: 'Collapsing',
      text: 'Features use ever fewer directions: images look alike to the model.',
    }
  if (variance.length > 1 && variance.at(-1)! < collapsed.variance * most(variance))
    return {
      tone: 'bad',
      title: 'Collapsing',
      text: 'Features hardly vary any more: images look alike to the model.',
    }
  if (course.kind === 'rises')
    return {
      tone: 'bad',
      title: 'Diverging',
      text: `The loss has risen since step ${course.since.toLocaleString('en')}.`,
    }
  if (course.kind === 'flat')
    return {
      tone: 'warn',
      title: 'Plateau',
      text: `The loss has hardly fallen since step ${course.since.toLocaleString('en')}.`,
    }
  if (rank.length < 2)
    return course.kind === 'early'
      ? { tone: 'info', title: 'Too early to tell', text: 'After two measurements there is a verdict.' }
      : { tone: 'ok', title: 'Healthy', text: 'Loss falls.' }
  const knn = known(health!.knn)
  const says = [
    course.kind === 'falls' && 'loss falls',
    rank.at(-1)! >= rank[0]! && 'features spread',
    knn.length > 1 && knn.at(-1)! > knn[0]! && 'neighbours agree more often with each epoch',
  ].filter((text) => text !== false)
  const text = says.length ? `${says.join(', ')}.` : 'nothing points to a problem.'
  return { tone: 'ok', title: 'Healthy', text: text[0]!.toUpperCase() + text.slice(1) }
}

/** Half the learning rate. */
export function slower(h: Pick<Hyperparameters, 'baseLearningRate' | 'minimumLearningRate'>) {
  const halved = h.baseLearningRate / 2
  return { baseLearningRate: halved, minimumLearningRate: Math.min(h.minimumLearningRate, halved) }
}
