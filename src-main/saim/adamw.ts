import * as tf from '../ops/tf'
import type { Hyperparameters } from '../../src-shared/hyperparameters'

type Tensors = Record<string, tf.Tensor>

export const meanName = (weight: string) => `adam.mean/${weight}`
export const varianceName = (weight: string) => `adam.variance/${weight}`

const epsilon = 1e-8

/**
 * One update by AdamW (Loshchilov and Hutter) as the paper uses it (Table 6), for gradients g at update t:
 *   m = β1 m + (1 - β1) g      v = β2 v + (1 - β2) g²
 *   w = (1 - lr λ) w - lr m̂ / (√v̂ + ε)      m̂ = m / (1 - β1ᵗ)      v̂ = v / (1 - β2ᵗ)
 * λ is 0 for biases and other vectors. `state` holds weights and moments; answers their new values. `scaleOf` says the
 * share of the learning rate that a weight gets.
 */
export function adamw(
  h: Pick<Hyperparameters, 'beta1' | 'beta2' | 'weightDecay'>,
  state: Tensors,
  gradients: Tensors,
  learningRate: tf.Tensor,
  step: tf.Tensor,
  scaleOf: (weight: string) => number = () => 1,
): Tensors {
  const bias1 = tf.sub(1, tf.pow(h.beta1, step)) // 1 - β1ᵗ
  const bias2 = tf.sqrt(tf.sub(1, tf.pow(h.beta2, step))) // √(1 - β2ᵗ)

  const updated: Tensors = {}
  for (const [name, g] of Object.entries(gradients)) {
    const m = state[meanName(name)]!.mul(h.beta1).add(g.mul(1 - h.beta1))
    const v = state[varianceName(name)]!.mul(h.beta2).add(g.square().mul(1 - h.beta2))
    const rate = learningRate.mul(scaleOf(name))
    const kept = tf.sub(1, rate.mul(h.weightDecay))
    const change = m.mul(rate.div(bias1)).div(v.sqrt().div(bias2).add(epsilon))
    const w = g.rank > 1 ? state[name]!.mul(kept) : state[name]!
    updated[name] = w.sub(change)
    updated[meanName(name)] = m
    updated[varianceName(name)] = v
  }
  return updated
}
