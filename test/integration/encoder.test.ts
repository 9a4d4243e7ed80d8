import '@tensorflow/tfjs-backend-cpu'
import { expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { featuresStep } from '#inference/features/features-step'
import * as tf from '#model/tensor/tf'
import { forward } from '#model/objectives/saim'
import { fromPreset } from '#shared/settings/hyperparameters'
import { encode } from '#model/vit/encoder'
import { initialWeights } from '#model/objectives/index'

const h = fromPreset('nano', { imageSize: 16, patchSize: 4, width: 32, depth: 2, heads: 2, queryDepth: 2 })
const weights = initialWeights(h, 1)
const pixels = Float32Array.from({ length: 2 * 16 * 16 * 3 }, (_, i) => Math.sin(i))

/** What tfjs's own processor backend computes, without any graph. */
const plainly = (compute: (w: Record<string, tf.Tensor>, images: tf.Tensor) => tf.Tensor) =>
  tf.tidy(() => {
    const w = Object.fromEntries(
      Object.entries(weights).map(([name, { shape, values }]) => [name, tf.tensor(values, shape)]),
    )
    return compute(w, tf.tensor(pixels, [2, 16, 16, 3])).dataSync()
  })

it('gives the class token and the mean of patches of any block as plain tfjs does', async () => {
  const engine = await createEngine('onnxruntime-cpu', { threads: 1 })
  const state = engine.createState(weights)
  for (const [block, layer] of [
    [1, 0],
    [2, 1],
    [0, 1],
  ] as const) {
    const program = await engine.compile(featuresStep(h, ['classToken', 'pooled'], block), state, {
      images: { shape: [2, 16, 16, 3], dtype: 'float32' },
    })
    const outputs = await program.run({ images: pixels })
    const [classToken, pooled] = [outputs['classToken']!.values, outputs['pooled']!.values]
    const tokens = plainly((w, images) => encode(w, h, images)[layer]!)
    const mean = plainly((w, images) => encode(w, h, images)[layer]!.slice([0, 1, 0], [-1, -1, -1]).mean(1))
    for (let i = 0; i < 32; i++) expect(classToken[i]).toBeCloseTo(tokens[i]!, 4)
    pooled.forEach((value, i) => expect(value).toBeCloseTo(mean[i]!, 4))
    await program.dispose()
  }
  state.dispose()
})

it('lets the class token see the image, which it does not while pre-training', () => {
  const raster = () =>
    tf.tensor(
      [...Array(4)].flatMap(() => [...Array(16).keys()]), // its own inverse
      [2, 2, 16],
    )
  const seen = plainly((w, images) => encode(w, h, images)[1]!.slice([0, 0, 0], [-1, 1, -1]))
  const blind = plainly((w, images) => forward(w, h, images, raster()).encoded.slice([0, 0, 0], [-1, 1, -1]))
  expect(Array.from(blind.slice(0, 32))).toEqual(Array.from(blind.slice(32)))
  expect(Array.from(seen.slice(0, 32))).not.toEqual(Array.from(seen.slice(32)))
})
