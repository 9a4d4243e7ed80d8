import { learningRate, type Hyperparameters } from '#shared/settings/hyperparameters'

interface Schedule {
  peak: number
  minimum: number
  warmupEpochs: number
  epochs: number
}

/** Learning rate at a fractional `epoch`: linear warm-up from 0, then half a cosine to the minimum, per iteration. */
export function warmUpThenCosine(epoch: number, { peak, minimum, warmupEpochs, epochs }: Schedule): number {
  if (epoch < warmupEpochs) return (peak * epoch) / warmupEpochs
  const progress = (epoch - warmupEpochs) / Math.max(epochs - warmupEpochs, Number.EPSILON)
  return minimum + (peak - minimum) * 0.5 * (1 + Math.cos(Math.PI * progress))
}

/** The learning rate of pre-training (paper, Table 6). */
export const learningRateAt = (h: Hyperparameters, epoch: number): number =>
  warmUpThenCosine(epoch, { ...h, peak: learningRate(h), minimum: h.minimumLearningRate })
