import * as tf from '#model/tensor/tf'

/** Epsilon of the linear probe's BatchNorm, and how much a batch counts in the running statistics. */
const epsilon = 1e-6
const momentum = 0.1

/** Mean and variance of each feature, [F]. */
export interface Statistics {
  mean: tf.Tensor
  variance: tf.Tensor
}

/** BatchNorm without affine parameters, by given statistics. x [B, F]. */
export const normalise = (x: tf.Tensor, { mean, variance }: Statistics) =>
  x.sub(mean).div(variance.add(epsilon).sqrt())

/**
 * BatchNorm without affine parameters while training: y = (x - mean) / sqrt(var + 1e-6) by the batch's own statistics,
 * var biased. The running statistics take a tenth of the batch's, var unbiased. x [B, F].
 */
export function batchNorm(x: tf.Tensor, running: Statistics): { y: tf.Tensor; running: Statistics } {
  const batch = x.shape[0]!
  const mean = x.mean(0)
  const variance = x.sub(mean).square().mean(0)
  const unbiased = variance.mul(batch / Math.max(batch - 1, 1))
  const moved = (old: tf.Tensor, now: tf.Tensor) => old.mul(1 - momentum).add(now.mul(momentum))
  return {
    y: normalise(x, { mean, variance }),
    running: { mean: moved(running.mean, mean), variance: moved(running.variance, unbiased) },
  }
}
