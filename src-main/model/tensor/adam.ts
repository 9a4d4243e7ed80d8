import { fused } from './fused'
import * as tf from './tf'

/** Inputs and attributes are those of `adam` by their names, without `decay` where nothing decays. */
export const adamKernel = 'Adam'

/** A weight with its moments, all of one shape. */
export interface Adam {
  weight: tf.Tensor
  mean: tf.Tensor
  variance: tf.Tensor
}

/** Numbers of an update, the same for many weights. */
export interface AdamRates {
  rate: tf.Tensor
  /** β1ᵗ and β2ᵗ. */
  power1: tf.Tensor
  power2: tf.Tensor
  /** What is left of the weight before the update; all of it where it is missing. */
  decay?: tf.Tensor
}

const epsilon = 1e-8

/**
 * One update of a weight w by Adam (Kingma and Ba) for its gradient g:
 *   m = β1 m + (1 - β1) g      v = β2 v + (1 - β2) g²
 *   w = decay w - rate m̂ / (√v̂ + ε)      m̂ = m / (1 - β1ᵗ)      v̂ = v / (1 - β2ᵗ)
 * computed in forms that need fewer passes: β m + (1 - β) g as m + (1 - β) (g - m), and
 *   m̂ / (√v̂ + ε) = √(1 - β2ᵗ) / (1 - β1ᵗ) · m / (√v + ε √(1 - β2ᵗ))
 */
export function adam(
  { weight, mean, variance }: Adam,
  g: tf.Tensor,
  { rate, power1, power2, decay }: AdamRates,
  { beta1, beta2 }: { beta1: number; beta2: number },
): Adam {
  const bias1 = tf.sub(1, power1) // 1 - β1ᵗ
  const bias2 = tf.sqrt(tf.sub(1, power2)) // √(1 - β2ᵗ)
  const addend = bias2.mul(epsilon)
  const composed = () => {
    const m = mean.add(g.sub(mean).mul(1 - beta1))
    const v = variance.add(
      g
        .square()
        .sub(variance)
        .mul(1 - beta2),
    )
    const change = m.mul(rate.mul(bias2).div(bias1)).div(v.sqrt().add(addend))
    return [(decay ? weight.mul(decay) : weight).sub(change), m, v]
  }
  const inputs = { weight, mean, variance, g, rate, power1, power2, addend, ...(decay && { decay }) }
  const [w, m, v] = fused(adamKernel, inputs, { beta1, beta2 }, composed) as [tf.Tensor, tf.Tensor, tf.Tensor]
  return { weight: w, mean: m, variance: v }
}
