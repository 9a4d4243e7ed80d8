import { describe, expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { fitWeights } from '#jobs/transfer/import/fit'
import { shapeOf } from '#jobs/transfer/import/shape'
import { fromBfloat16, fromFloat16 } from './floats'
import { isEncoderName } from '#model/vit/encoder'
import { authors, encoderWeights, huggingFace, layoutOf, timm } from './layouts'
import type { FloatTensors } from './tensors'
import { initialWeights } from '#model/objectives/index'

const shape = { imageSize: 16, patchSize: 4, width: 64, depth: 2, heads: 1, queryDepth: 1 }
const h = fromPreset('nano', shape)
const weights: FloatTensors = initialWeights(h, 1)
const file = (tensors: FloatTensors) => ({ tensors, metadata: {}, root: '', notFloat: [], beside: [] })

it.each([
  ["the authors' code", authors],
  ['timm', timm],
  ['Hugging Face', huggingFace],
])('names weights as %s does, and back', (title, layout) => {
  const written = layout.write(weights, h)
  expect(layoutOf(Object.keys(written))).toEqual({ title, layout })
  expect(layout.read(written)).toMatchObject(encoderWeights(weights, h))
})

it('puts query, key and value below each other for timm', () => {
  const fused = timm.write(weights, h)['blocks.1.attn.qkv.weight']!
  expect(fused.shape).toEqual([192, 64])
  expect(fused.values.slice(64 * 64, 65 * 64)).toEqual(weights['blocks.1.attn.k.weight']!.values.slice(0, 64))
})

it("tells the model and all its settings from the authors' weights", () => {
  const settings = { ...shape, blurSize: 5, blurSigma: 1.5 }
  const {
    h: told,
    weights: read,
    report,
  } = fitWeights(file(authors.write(weights, { ...h, ...settings })), {})
  expect(told).toMatchObject({ ...settings, head: 'mlp', shareWeights: false })
  expect(read).toEqual(weights)
  expect(report).toMatchObject({ missing: [], unexpected: [], positions: expect.stringContaining('as here') })
})

it('takes the encoder of MAE and names what is missing and what is of no use', () => {
  const extra = { shape: [64], values: new Float32Array(64) }
  const mae = { ...timm.write(weights, h), 'norm.weight': extra, mask_token: extra, decoder_pos_embed: extra }
  const { weights: read, report } = fitWeights(file(mae), { queryDepth: 1, imageSize: 32, seed: 5 })
  expect(report.layout).toBe('MAE')
  expect(report.unexpected).toEqual(['norm.weight', 'mask_token', 'decoder_pos_embed'])
  expect(report.missing.every((name) => !isEncoderName(name))).toBe(true)
  expect(report.missing).toContain('norm.weight')
  expect(report.positions).toContain('interpolated from 4 × 4 to 8 × 8 patches')
  expect(read['blocks.0.attn.q.weight']).toEqual(weights['blocks.0.attn.q.weight'])
})

it('takes the heads of ViT-H for granted, which has not one for each 64 of its width', () => {
  const ofShape = (...shape: number[]) => ({ shape, values: new Float32Array() })
  const huge = { 'patch_embed.proj.weight': ofShape(1280, 3, 14, 14), 'blocks.0.norm1.bias': ofShape(1280) }
  expect(shapeOf(huge)).toMatchObject({ width: 1280, heads: 16 })
})

describe('positions of a file', () => {
  const learned = timm.write(weights, h)
  const { values } = learned['pos_embed']!
  const table = { shape: [1, 17, 64], values: values.map((value, i) => value + Math.sin(i)) }
  const fitted = (positions: FloatTensors[string], changes = {}) =>
    fitWeights(file({ ...learned, pos_embed: positions }), changes)

  it('are kept where they were learned, and written again', () => {
    const { h: told, weights: read, report } = fitted(table)
    expect(told.positions).toBe('learned')
    expect(report.positions).toBe('Learned, taken as those of 4 × 4 patches; trained from here on.')
    expect(read['pos_embed']).toEqual(table)
    for (const layout of [authors, timm, huggingFace]) {
      const again = fitWeights(file(layout.write(read, told)), {})
      expect(again.weights['pos_embed']).toEqual(table)
    }
  })

  it('have a row of zeros for the class token where the file has none', () => {
    const { weights: read } = fitted(
      { shape: [1, 16, 64], values: table.values.slice(64) },
      { imageSize: 16 },
    )
    expect([...read['pos_embed']!.values.slice(0, 64)]).toEqual(Array(64).fill(0))
    expect(read['pos_embed']!.values.slice(64)).toEqual(table.values.slice(64))
  })

  it('are interpolated for another image size, learned or not', () => {
    const { report, weights: read } = fitted(table, { imageSize: 32 })
    expect(report.positions).toBe('Learned, interpolated from 4 × 4 to 8 × 8 patches; trained from here on.')
    expect(read['pos_embed']!.shape).toEqual([1, 65, 64])
    expect(read['pos_embed']!.values.slice(0, 64)).toEqual(table.values.slice(0, 64))
    expect(fitted(learned['pos_embed']!, { imageSize: 32 }).report.positions).toBe(
      'The fixed sine-cosine embedding, interpolated from 4 × 4 to 8 × 8 patches; trained from here on.',
    )
  })

  it('give way to the fixed ones where that is asked for', () => {
    const asked = { positions: 'fixed', imageSize: 32 } as const
    expect(fitted(table, asked).report.positions).toContain('takes their place')
    expect(fitted(table, asked).weights).not.toHaveProperty('pos_embed')
    expect(fitted(learned['pos_embed']!, asked).report.positions).toContain('computed anew for 8 × 8')
  })
})

it('refuses weights of another shape, and what is no vision transformer', () => {
  const misfit = { code: 'weights-misfit' }
  const thrown = (work: () => unknown) => {
    try {
      return work()
    } catch (error) {
      return error
    }
  }
  expect(thrown(() => fitWeights(file(timm.write(weights, h)), { patchSize: 8 }))).toMatchObject({
    ...misfit,
    message: expect.stringContaining('[64, 3, 4, 4]'),
  })
  expect(thrown(() => fitWeights(file({ 'conv1.weight': weights['norm.weight']! }), {}))).toMatchObject(
    misfit,
  )
})

it('reads numbers of 16 bits', () => {
  expect([...fromFloat16(new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 1, 0x7bff, 0x7c00).buffer))]).toEqual([
    1,
    -2,
    2 ** -24,
    65504,
    Infinity,
  ])
  expect([...fromBfloat16(new Uint8Array(Uint16Array.of(0x3f80, 0xc040).buffer))]).toEqual([1, -3])
})
