import { adam } from '#model/tensor/adam'
import * as tf from '#model/tensor/tf'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { NamedTensorData } from '#model/tensor/step'

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

/**
 * One update by AdamW (Loshchilov and Hutter) as the paper uses it (Table 6): one by Adam of the weight less lr λ of itself.
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
  const powers = { power1: tf.pow(h.beta1, step), power2: tf.pow(h.beta2, step) }
  const updated: Tensors = {}
  for (const [name, g] of Object.entries(gradients)) {
    const before = {
      weight: state[name]!,
      mean: state[meanName(name)]!,
      variance: state[varianceName(name)]!,
    }
    const rate = learningRate.mul(scaleOf(name))
    const rates = {
      ...{ rate, ...powers },
      ...(decays(name) && { decay: tf.sub(1, rate.mul(h.weightDecay)) }),
    }
    const { weight, mean, variance } = adam(before, g, rates, h)
    updated[name] = weight
    updated[meanName(name)] = mean
    updated[varianceName(name)] = variance
  }
  return updated
}
