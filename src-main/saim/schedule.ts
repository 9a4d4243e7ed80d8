import { learningRate, type Hyperparameters } from '../../src-shared/hyperparameters'

/**
 * Learning rate at a fractional `epoch`: linear warm-up from 0, then half a cosine to the minimum, per
 * iteration (paper, Table 6).
 */
export function learningRateAt(h: Hyperparameters, epoch: number): number {
  const peak = learningRate(h)
  if (epoch < h.warmupEpochs) return (peak * epoch) / h.warmupEpochs
  const progress = (epoch - h.warmupEpochs) / Math.max(h.epochs - h.warmupEpochs, Number.MIN_VALUE)
  return h.minimumLearningRate + (peak - h.minimumLearningRate) * 0.5 * (1 + Math.cos(Math.PI * progress))
}
