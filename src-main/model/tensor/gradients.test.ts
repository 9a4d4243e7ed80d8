import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import { gelu } from './gelu'
import { valueAndGradients } from './gradients'
import { layerNorm } from './layer-norm'
import { recompute } from './recompute'
import * as tf from './tf'

const [size, layers] = [24, 6]
const ramp = (shape: number[], k: number) =>
  tf.tensor(
    Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i + k)),
    shape,
  )

/** A block in which tensors are used twice, handed on unchanged, and normalised. */
const block = (x: tf.Tensor, w: tf.Tensor, gain: tf.Tensor) => {
  const y = gelu(layerNorm(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), gain, tf.zeros([size])))
  return x.add(y).add(y.clone())
}
const recomputed: typeof block = (x, w, gain) =>
  recompute(({ inputs, weights, fixed }) => block(inputs['x']!, weights['w']!, fixed['gain']!), {
    inputs: { x },
    weights: { w },
    fixed: { gain },
  })

const network = (weights: tf.Tensor[], layer = block) => {
  const gain = tf.ones([size])
  const y = weights.reduce((x: tf.Tensor, w) => layer(x, w, gain), ramp([size, size], 9))
  return y.square().mean() as tf.Scalar
}

/** The most tensors that are held while `work` runs, beside those from before. */
function peakOf(work: () => unknown): number {
  const before = tf.backend().numDataIds()
  let peak = 0
  const engine = tf.engine() as unknown as { runKernelFunc(kernel: unknown): unknown }
  const original = engine.runKernelFunc
  engine.runKernelFunc = function (kernel) {
    const result = original.call(this, kernel)
    peak = Math.max(peak, tf.backend().numDataIds() - before)
    return result
  }
  tf.tidy(() => void work())
  engine.runKernelFunc = original
  return peak
}

describe('gradients', () => {
  beforeAll(() => tf.setBackend('cpu'))

  const weights = () => Array.from({ length: layers }, (_, i) => ramp([size, size], i))
  const ofTfjs = (weights: tf.Tensor[], layer = block) =>
    tf.valueAndGrads((...w: tf.Tensor[]) => network(w, layer))(weights)

  it('are those of tfjs, and leave nothing behind', () => {
    const given = weights()
    const before = tf.memory().numTensors
    tf.tidy(() => {
      const expected = ofTfjs(given)
      const { value, gradients } = valueAndGradients(() => network(given), given)
      expect(value.dataSync()).toEqual(expected.value.dataSync())
      gradients.forEach((g, i) => expect(g.dataSync()).toEqual(expected.grads[i]!.dataSync()))
    })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('are the same where blocks are computed once more, ours and those of tfjs', () => {
    const given = weights()
    const before = tf.memory().numTensors
    tf.tidy(() => {
      const expected = ofTfjs(given)
      const ours = valueAndGradients(() => network(given, recomputed), given)
      const theirs = ofTfjs(given, recomputed)
      for (const value of [ours.value, theirs.value])
        expect(value.dataSync()).toEqual(expected.value.dataSync())
      for (const gradients of [ours.gradients, theirs.grads])
        gradients.forEach((g, i) => expect(g.dataSync()).toEqual(expected.grads[i]!.dataSync()))
    })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('take less memory than those of tfjs, and less again where blocks are computed once more', () => {
    const given = weights()
    const plain = peakOf(() => ofTfjs(given))
    const ours = peakOf(() => valueAndGradients(() => network(given), given))
    const twice = peakOf(() => valueAndGradients(() => network(given, recomputed), given))
    expect(ours).toBeLessThan(0.7 * plain)
    expect(twice).toBeLessThan(0.7 * ours)
  })
})
