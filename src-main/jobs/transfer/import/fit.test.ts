import { describe, expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { authors, encoderWeights, huggingFace, timm } from '#formats/layouts'
import type { FloatTensors } from '#formats/tensors'
import { initialWeights } from '#model/objectives/index'
import { fitWeights } from './fit'

const h = fromPreset('nano', { imageSize: 16, patchSize: 4, width: 64, depth: 2, heads: 1, queryDepth: 2 })
const ours = initialWeights(h, 1)
const plain: FloatTensors = timm.write(ours, h)
const of = (...shape: number[]) => ({
  shape,
  values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
})
const file = (tensors: FloatTensors, more = {}) => ({
  ...{ tensors, metadata: {}, root: '', notFloat: [], beside: [] },
  ...more,
})
const without = (tensors: FloatTensors, pattern: RegExp): FloatTensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !pattern.test(name)))
const fit = (tensors: FloatTensors, more = {}) => fitWeights(file(tensors, more), {})

describe('a model with other features is refused, in words:', () => {
  const added: [string, FloatTensors, RegExp][] = [
    ['LayerScale of other lengths', { 'blocks.0.ls1.gamma': of(32) }, /no place for: blocks\.0\.ls1\.gamma/],
    ['norms of queries and keys', { 'blocks.0.attn.q_norm.weight': of(64) }, /queries and keys/],
    ['a norm before the blocks', { 'norm_pre.weight': of(64) }, /before the blocks/],
    ['a distillation token', { dist_token: of(1, 1, 64) }, /distillation token/],
    ['relative positions', { 'rel_pos_bias.relative_position_bias_table': of(9, 1) }, /relative positions/],
    ['rotary positions', { 'rope_embed.periods': of(8) }, /rotary/],
    [
      'more in a block',
      { 'blocks.0.attn.gate.weight': of(64) },
      /no place for: blocks\.0\.attn\.gate\.weight/,
    ],
    ['more in the embedding', { 'patch_embed.norm.weight': of(64) }, /no place for: patch_embed\.norm/],
    ['what nobody knows', { 'adapter.weight': of(64) }, /no place for: adapter\.weight/],
  ]
  it.each(added)('%s', (_what, more, words) => {
    expect(() => fit({ ...plain, ...more })).toThrow(words)
  })

  it('SwiGLU', () => {
    const other = { 'blocks.0.mlp.w12.weight': of(256, 64), 'blocks.0.mlp.w3.weight': of(64, 128) }
    expect(() => fit({ ...without(plain, /blocks\.0\.mlp\.fc/), ...other })).toThrow(/another MLP/)
  })

  it('no class token', () => {
    const bare = { ...without(plain, /cls_token/), pos_embed: of(1, 16, 64) }
    expect(() => fit(bare)).toThrow(/no class token/)
  })

  it('no positions', () => {
    expect(() => fit(without(plain, /pos_embed/))).toThrow(/no positions/)
  })

  it.each([
    [241, 64],
    [64, 64],
    [21, 64],
    [0, 64],
    [17, 6],
  ])('positions of %i tokens of width %i', (tokens, width) => {
    const positions =
      tokens === 64 ? { shape: [1, 63, width], values: new Float32Array(63 * width) } : of(1, tokens, width)
    expect(() => fit({ ...plain, pos_embed: positions })).toThrow(/not a square/)
  })

  it('positions that may be those of another rectangle, unless the size of the images is said', () => {
    const unsure = { ...plain, pos_embed: of(1, 16, 64) }
    expect(() => fit(unsure)).toThrow(/4 × 4 patches, or of 3 × 5 and the class token/)
    expect(fitWeights(file(unsure), { imageSize: 16 }).h.imageSize).toBe(16)
  })

  it.each([
    [[64, 1, 4, 4], /1 channels/],
    [[64, 3, 4, 2], /4 × 2 px/],
  ])('patches of another kind: %s', (shape, words) => {
    expect(() => fit({ ...plain, 'patch_embed.proj.weight': of(...shape) })).toThrow(words)
  })

  it('weights that are missing, though it be one', () => {
    expect(() => fit(without(plain, /blocks\.1\.mlp\.fc2\.bias/))).toThrow(
      /lacks 1 of the \d+ weights of the encoder: blocks\.1\.mlp\.fc2\.bias/,
    )
    expect(() => fit(without(plain, /blocks\.0\./))).toThrow(/lacks/)
    expect(() => fitWeights(file(plain), { depth: 1, queryDepth: 1 })).toThrow(/no place for: blocks\.1/)
  })

  it('weights that are no numbers', () => {
    for (const value of [NaN, Infinity]) {
      const broken = { ...plain, 'blocks.0.mlp.fc1.bias': of(256) }
      broken['blocks.0.mlp.fc1.bias']!.values[7] = value
      expect(() => fit(broken)).toThrow(/blocks\.0\.mlp\.fc1\.bias holds values that are not numbers/)
    }
    // What is not used may be anything.
    const head = { shape: [1], values: Float32Array.of(NaN) }
    expect(fit({ ...plain, 'head.bias': head }).report.unexpected).toEqual(['head.bias'])
  })

  it('weights that were rounded to whole numbers', () => {
    expect(() =>
      fit(without(plain, /blocks\.0\.mlp\.fc1\.weight/), { notFloat: ['blocks.0.mlp.fc1.weight'] }),
    ).toThrow(/quantised/)
  })

  it('settings in the file that are none', () => {
    for (const saim of ['{', '"text"', 'null', '[]', '7'])
      try {
        fit(plain, { metadata: { saim } })
      } catch (error) {
        expect(error).toMatchObject({ code: 'weights-misfit' })
      }
    expect(() => fit(plain, { metadata: { saim: '{"width": {}}' } })).toThrow(/width/)
  })
})

it.each([
  ['timm', plain, ['ls1.gamma', 'ls2.gamma']],
  ['BEiT', plain, ['gamma_1', 'gamma_2']],
  ['Hugging Face', huggingFace.write(ours, h), ['layer_scale1.lambda1', 'layer_scale2.lambda1']],
])('multiplies LayerScale by the names of %s into the layers before it', (title, file, names) => {
  const block = title === 'Hugging Face' ? 'encoder.layer.0' : 'blocks.0'
  const factors = { shape: [64], values: Float32Array.from({ length: 64 }, (_, i) => i / 64) }
  const { weights } = fit({ ...file, ...Object.fromEntries(names.map((n) => [`${block}.${n}`, factors])) })
  for (const layer of ['attn.proj.weight', 'mlp.fc2.weight']) {
    const [scaled, before] = [weights, ours].map((w) => w[`blocks.0.${layer}`]!.values)
    expect(scaled).toEqual(
      before!.map((value, i) => value * factors.values[Math.floor((i * 64) / before!.length)]!),
    )
  }
  expect(weights['blocks.1.attn.proj.weight']).toEqual(ours['blocks.1.attn.proj.weight'])
})

it("adds a table's rows for registers, which have no position here, to them", () => {
  const registers = { shape: [1, 3, 64], values: Float32Array.from({ length: 3 * 64 }, (_, i) => i) }
  const {
    h: told,
    weights,
    report,
  } = fit({ ...plain, reg_token: registers, pos_embed: of(1, 1 + 3 + 16, 64) })
  expect(told).toMatchObject({ registers: 3, imageSize: 16, positions: 'learned' })
  expect(report.model).toContain('3 registers')
  expect(weights['register_tokens']!.values).toEqual(registers.values.map((value) => value + 0.5))
  expect(weights['pos_embed']).toEqual(of(1, 1 + 16, 64))
})

it('takes zeros for the biases that a model does not have at all', () => {
  const { weights, report } = fit(without(plain, /attn\.qkv\.bias|patch_embed\.proj\.bias/))
  expect([...weights['blocks.1.attn.k.bias']!.values]).toEqual(new Array(64).fill(0))
  expect(
    report.missing.filter((name) => /attn\.[qkv]\.bias/.test(name) && name.startsWith('blocks')),
  ).toEqual([])
})

it('leaves out what stands after the encoder, and names it', () => {
  const names =
    'norm.weight fc_norm.bias head.weight head_dist.bias decoder_embed.weight pooler.dense.weight'.split(' ')
  const more = Object.fromEntries(names.map((name) => [name, of(64)]))
  const { report, weights } = fit(
    { ...plain, ...more },
    { notFloat: ['blocks.0.attn.mask'], beside: ['optimizer.*'] },
  )
  expect(report.unexpected).toEqual([...names, 'blocks.0.attn.mask', 'optimizer.*'])
  expect(weights).toMatchObject(without(encoderWeights(ours, h), /pos_embed/))
})

it('says below what the weights stood', () => {
  expect(fit(plain, { root: 'teacher.backbone.' }).report.layout).toBe('timm, below teacher.backbone')
  expect(fit(authors.write(ours, h)).report.layout).toBe("the authors' code")
})
