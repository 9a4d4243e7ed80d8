import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import { gelu } from './gelu'
import { valueAndGradients } from './gradients'
import { layerNorm } from './layer-norm'
import * as tf from './tf'

const [size, layers] = [24, 6]
const ramp = (shape: number[], k: number) =>
  tf.tensor(
    Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i + k)),
    shape,
  )

/** A small network in which tensors are used twice, handed on unchanged, and normalised. */
const network = (weights: tf.Tensor[]) =>
  weights
    .reduce(
      (x: tf.Tensor, w) => {
        const y = gelu(
          layerNorm(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), tf.ones([size]), tf.zeros([size])),
        )
        return x.add(y).add(y.clone())
      },
      ramp([size, size], 9),
    )
    .square()
    .mean() as tf.Scalar

describe('gradients', () => {
  beforeAll(() => tf.setBackend('cpu'))

  it('are those of tfjs, and leave nothing behind', () => {
    const weights = Array.from({ length: layers }, (_, i) => ramp([size, size], i))
    const before = tf.memory().numTensors
    tf.tidy(() => {
      const expected = tf.valueAndGrads((...w: tf.Tensor[]) => network(w))(weights)
      const { value, gradients } = valueAndGradients(() => network(weights), weights)
      expect(value.dataSync()).toEqual(expected.value.dataSync())
      gradients.forEach((g, i) => expect(g.dataSync()).toEqual(expected.grads[i]!.dataSync()))
    })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('take less memory than those of tfjs', () => {
    const weights = Array.from({ length: layers }, (_, i) => ramp([size, size], i))
    const peakOf = (work: () => unknown) => {
      let peak = 0
      const engine = tf.engine() as unknown as { runKernelFunc(kernel: unknown): unknown }
      const original = engine.runKernelFunc
      engine.runKernelFunc = function (kernel) {
        const result = original.call(this, kernel)
        peak = Math.max(peak, tf.backend().numDataIds())
        return result
      }
      tf.tidy(() => void work())
      engine.runKernelFunc = original
      return peak
    }
    const plain = peakOf(() => tf.valueAndGrads((...w: tf.Tensor[]) => network(w))(weights))
    const ours = peakOf(() => valueAndGradients(() => network(weights), weights))
    expect(ours).toBeLessThan(0.7 * plain)
  })
})
