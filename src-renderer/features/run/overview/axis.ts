import type { MetricColumns, Run } from '#shared/contract'
import { nearest } from '#ui/chart/points'

/** What the horizontal axes of a run's charts can count. */
export const axes = { step: 'Step', epoch: 'Epoch', time: 'Time' } as const
export type AxisName = keyof typeof axes

/** The places of a run's rows of metrics on an axis, where it ends as planned, and where a step is. */
export interface RunAxis {
  x: number[]
  end: number
  at(step: number): number
  /** The step that is at a place. */
  stepAt(x: number): number
}

type Measured = Pick<MetricColumns, 'step' | 'epoch' | 'seconds'>
type Planned = Pick<Run, 'totalSteps' | 'secondsLeft'> & {
  hyperparameters: Pick<Run['hyperparameters'], 'epochs'>
}

export function runAxis(
  name: AxisName,
  metrics: Measured,
  { totalSteps, secondsLeft, hyperparameters }: Planned,
): RunAxis {
  const { step, epoch, seconds } = metrics
  if (name === 'time') {
    const [last = 0, made = 0] = [seconds.at(-1), step.at(-1)]
    // A run that rests would take as long for each step as it did so far.
    const left = secondsLeft ?? (made > 0 ? (last * (totalSteps - made)) / made : 0)
    return {
      x: seconds,
      end: last + Math.max(0, left),
      at: (wanted) => seconds[nearest(step, wanted)] ?? 0,
      stepAt: (x) => step[nearest(seconds, x)] ?? 0,
    }
  }
  const { epochs } = hyperparameters
  return name === 'step'
    ? { x: step, end: totalSteps, at: (wanted) => wanted, stepAt: (x) => x }
    : {
        x: epoch,
        end: epochs,
        at: (wanted) => (totalSteps ? (wanted / totalSteps) * epochs : 0),
        stepAt: (x) => (x / epochs) * totalSteps,
      }
}

/** How much the loss changed in the last epoch, by the mean of what is near its ends; null within the first two. */
export function changeInEpoch({ epoch, loss }: Pick<MetricColumns, 'epoch' | 'loss'>): number | null {
  const now = epoch.at(-1)
  if (now === undefined || now < 2) return null
  const mean = (from: number, to: number) => {
    const part = loss.filter((_, i) => epoch[i]! > from && epoch[i]! <= to)
    return part.length ? part.reduce((sum, value) => sum + value, 0) / part.length : null
  }
  const [before, after] = [mean(now - 2, now - 1), mean(now - 1, now)]
  return before === null || after === null ? null : after - before
}
