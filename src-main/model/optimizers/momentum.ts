import type { NamedTensors } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'

export interface MomentumSettings {
  optimizer: 'LARS' | 'SGD'
  momentum: number
  weightDecay: number
}

export const momentumName = (weight: string) => `momentum/${weight}`

/** How far LARS lets a step go, as a share of the weight's norm. */
const trust = 0.001

/**
 * One update with momentum, for gradients g:
 *   d = g + λ w      m = μ m + q d      w = w - lr m
 * SGD has q = 1. LARS (You et al., in the form of MoCo v3 and MAE) has q = .001 |w| / |d|, and 1 where either norm is 0.
 * Biases and other vectors have neither q nor λ. `state` holds weights and momenta; answers their new values.
 */
export function momentumUpdate(
  s: MomentumSettings,
  state: NamedTensors,
  gradients: NamedTensors,
  learningRate: tf.Tensor,
): NamedTensors {
  const updated: NamedTensors = {}
  for (const [name, g] of Object.entries(gradients)) {
    const w = state[name]!
    const decayed = g.rank > 1 ? g.add(w.mul(s.weightDecay)) : g
    const direction = s.optimizer === 'LARS' && g.rank > 1 ? decayed.mul(trustRatio(w, decayed)) : decayed
    const m = state[momentumName(name)]!.mul(s.momentum).add(direction)
    updated[name] = w.sub(m.mul(learningRate))
    updated[momentumName(name)] = m
  }
  return updated
}

function trustRatio(w: tf.Tensor, direction: tf.Tensor): tf.Tensor {
  const norm = (x: tf.Tensor) => x.square().sum().sqrt()
  const [weightNorm, stepNorm] = [norm(w), norm(direction)]
  const both = weightNorm.mul(stepNorm).greater(0)
  const ratio = weightNorm.mul(trust).div(tf.maximum(stepNorm, 1e-30))
  return tf.where(both, ratio, tf.onesLike(ratio))
}
