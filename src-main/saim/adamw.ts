import * as tf from '../ops/tf'
import type { Hyperparameters } from '../../src-shared/hyperparameters'
import type { NamedTensorData } from '../ops/step'

type Tensors = Record<string, tf.Tensor>

export const meanName = (weight: string) => `adam.mean/${weight}`
export const varianceName = (weight: string) => `adam.variance/${weight}`

/** Weights with their moments, which are 0 at first. */
export const withMoments = (weights: NamedTensorData): NamedTensorData => ({
  ...weights,
  ...zerosFor(weights, meanName),
  ...zerosFor(weights, varianceName),
})

/** For each weight zeros of its shape, under the name that `nameOf` makes of the weight's. */
const zerosFor = (weights: NamedTensorData, nameOf: (weight: string) => string): NamedTensorData =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { shape, values }]) => [
      nameOf(name),
      { shape, values: new Float32Array(values.length) },
    ]),
  )

const epsilon = 1e-8

/**
 * One update by AdamW (Loshchilov and Hutter) as the paper uses it (Table 6), for gradients g at update t:
 *   m = β1 m + (1 - β1) g      v = β2 v + (1 - β2) g²
 *   w = (1 - lr λ) w - lr m̂ / (√v̂ + ε)      m̂ = m / (1 - β1ᵗ)      v̂ = v / (1 - β2ᵗ)
 * computed in forms that need fewer passes: β m + (1 - β) g as m + (1 - β) (g - m), and
 *   m̂ / (√v̂ + ε) = √(1 - β2ᵗ) / (1 - β1ᵗ) · m / (√v + ε √(1 - β2ᵗ))
 * λ is 0 for biases and other vectors, unless `decays` says so otherwise. `state` holds weights and moments; answers their
 * new values. `scaleOf` says the share of the learning rate that a weight gets.
 */
export function adamw(
  h: Pick<Hyperparameters, 'beta1' | 'beta2' | 'weightDecay'>,
  state: Tensors,
  gradients: Tensors,
  learningRate: tf.Tensor,
  step: tf.Tensor,
  {
    scaleOf = () => 1,
    decays = (weight) => gradients[weight]!.rank > 1,
  }: { scaleOf?: (weight: string) => number; decays?: (weight: string) => boolean } = {},
): Tensors {
  const bias1 = tf.sub(1, tf.pow(h.beta1, step)) // 1 - β1ᵗ
  const bias2 = tf.sqrt(tf.sub(1, tf.pow(h.beta2, step))) // √(1 - β2ᵗ)

  const updated: Tensors = {}
  for (const [name, g] of Object.entries(gradients)) {
    const [mean, variance] = [state[meanName(name)]!, state[varianceName(name)]!]
    const m = mean.add(g.sub(mean).mul(1 - h.beta1))
    const v = variance.add(
      g
        .square()
        .sub(variance)
        .mul(1 - h.beta2),
    )
    const rate = learningRate.mul(scaleOf(name))
    const kept = tf.sub(1, rate.mul(h.weightDecay))
    const change = m.mul(rate.mul(bias2).div(bias1)).div(v.sqrt().add(bias2.mul(epsilon)))
    const w = decays(name) ? state[name]!.mul(kept) : state[name]!
    updated[name] = w.sub(change)
    updated[meanName(name)] = m
    updated[varianceName(name)] = v
  }
  return updated
}
