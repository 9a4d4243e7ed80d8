import { normals, purposes } from '#shared/random'
import type { NamedTensorData, StepFunction, TensorSpec } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { batchNorm, normalise } from './batch-norm'
import { crossEntropy } from '#model/augment/mixing'
import { momentumName, type MomentumSettings, momentumUpdate } from '#model/optimizers/momentum'
import { affine } from '#model/vit/layers'

const trained = ['head.weight', 'head.bias']

/** The linear probe: running statistics of BatchNorm, a linear layer (normal, deviation .01) and its momenta. */
export function probeState(width: number, classes: number, seed: number): NamedTensorData {
  const zeros = (...shape: number[]) => ({ shape, values: new Float32Array(shape.reduce((a, b) => a * b)) })
  return {
    'bn.running_mean': zeros(width),
    'bn.running_var': { shape: [width], values: new Float32Array(width).fill(1) },
    'head.weight': {
      shape: [classes, width],
      values: Float32Array.from(normals(seed, purposes.weights, 0, 0, classes * width), (z) => 0.01 * z),
    },
    'head.bias': zeros(classes),
    [momentumName('head.weight')]: zeros(classes, width),
    [momentumName('head.bias')]: zeros(classes),
  }
}

const head = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) =>
  affine(x.expandDims(1), weight, bias).reshape([x.shape[0]!, -1])

/** One step of the probe (paper: BatchNorm without affine parameters, linear layer, LARS). */
export const probeStep =
  (s: MomentumSettings): StepFunction =>
  (state, { features, targets, learningRate }) => {
    const { y, running } = batchNorm(features!, statisticsOf(state))
    const { value, grads } = tf.valueAndGrads((weight, bias) =>
      crossEntropy(head(y, weight!, bias!), targets!),
    )(trained.map((name) => state[name]!))
    const gradients = Object.fromEntries(trained.map((name, i) => [name, grads[i]!]))
    return {
      state: {
        'bn.running_mean': running.mean,
        'bn.running_var': running.variance,
        ...momentumUpdate(s, state, gradients, learningRate!),
      },
      outputs: { loss: value },
    }
  }

/** Logits of features by the running statistics. */
export const probeLogitsStep: StepFunction = (state, { features }) => ({
  outputs: {
    logits: head(normalise(features!, statisticsOf(state)), state['head.weight']!, state['head.bias']!),
  },
})

const statisticsOf = (state: Record<string, tf.Tensor>) => ({
  mean: state['bn.running_mean']!,
  variance: state['bn.running_var']!,
})

/** Inputs of `probeStep`; `probeLogitsStep` takes the features alone. */
export const probeInputs = (
  batch: number,
  width: number,
  classes: number,
): Record<'features' | 'targets' | 'learningRate', TensorSpec> => ({
  features: { shape: [batch, width], dtype: 'float32' },
  targets: { shape: [batch, classes], dtype: 'float32' },
  learningRate: { shape: [], dtype: 'float32' },
})
