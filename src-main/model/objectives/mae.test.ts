import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { maeReference, waves } from '#test/helpers/reference'
import * as tf from '#model/tensor/tf'
import { mae } from './mae'
import { withPlaces } from './order'
import { lossAndGradients } from './pretrain'
import { initialWeights, weightShapes } from '#model/objectives/index'

/** What test/python/mae_reference.py computed with transformers' ViTMAEForPreTraining. */
const reference = maeReference()
const h = fromPreset('nano', { ...reference.shape, objective: 'mae' })
const pixels = h.imageSize ** 2 * 3

/** The weights of the script: waves, around 1 for the weights of LayerNorm. */
function weights(): Record<string, tf.Tensor> {
  const names = Object.keys(weightShapes(h)).sort()
  return Object.fromEntries(
    names.map((name, i) => {
      const shape = weightShapes(h)[name]!
      const wave = tf.tensor(waves(shape.reduce((a, b) => a * b), 100 * i), shape).mul(0.2) // prettier-ignore
      return [name, /norm\d?\.weight$/.test(name) ? wave.add(1) : wave]
    }),
  )
}

describe('MAE', () => {
  beforeAll(() => tf.setBackend('cpu'))
  const images = () => tf.tensor(waves(2 * pixels), [2, h.imageSize, h.imageSize, 3])
  const order = () => tf.tensor(withPlaces(Int32Array.from(reference.order.flat()), 16), [2, 2, 16])

  it('predicts and loses as in PyTorch', () => {
    const w = weights()
    const prediction = mae.predict(w, h, images(), order())
    expect(prediction.shape).toEqual([2, 12, 48])
    const difference = prediction
      .sub(tf.tensor(reference.prediction, [2, 12, 48]))
      .abs()
      .max()
    expect(difference.dataSync()[0]).toBeLessThan(1e-4)
    expect(lossAndGradients(h, w, images(), order()).loss.dataSync()[0]).toBeCloseTo(reference.loss, 5)
  })

  it('has the gradients of PyTorch for every weight', () => {
    const { gradients } = lossAndGradients(h, weights(), images(), order())
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(reference.gradients).sort())
    for (const [name, { shape, norm, product, first }] of Object.entries(reference.gradients)) {
      const gradient = gradients[name]!
      expect(gradient.shape).toEqual(shape)
      const values = Array.from(gradient.dataSync())
      const wave = waves(values.length)
      const sum = (of: (value: number, i: number) => number) => values.reduce((s, v, i) => s + of(v, i), 0)
      const near = { least: norm * 1e-3 + 1e-7 }
      expect(Math.abs(Math.sqrt(sum((v) => v * v)) - norm), name).toBeLessThan(near.least)
      expect(Math.abs(sum((v, i) => v * wave[i]!) - product), name).toBeLessThan(
        near.least * Math.sqrt(values.length),
      )
      first.forEach((value, i) => expect(Math.abs(values[i]! - value), name).toBeLessThan(near.least))
    }
  })

  it('begins with the encoder of SAIM at the same seed', () => {
    const saim = initialWeights(fromPreset('nano', { ...reference.shape, queryDepth: 2 }), 3)
    const mae = initialWeights(h, 3)
    const encoder = Object.keys(mae).filter((name) => /^(cls_token|patch_embed|blocks)/.test(name))
    expect(encoder).toHaveLength(3 + 16 * h.depth)
    for (const name of encoder) expect(mae[name]).toEqual(saim[name])
  })
})
