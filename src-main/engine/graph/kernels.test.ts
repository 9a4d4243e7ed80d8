import '@tensorflow/tfjs-backend-cpu'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layerNorm } from '#model/tensor/layer-norm'
import { after } from '#model/tensor/recompute'
import * as tf from '#model/tensor/tf'
import { enginesHere } from '#test/helpers/engines'
import { createEngine } from '#engine/engines'
import { kernels } from './kernels'

/** Builds tensors of random shapes and what is computed of them. */
interface Case {
  inputs: Record<string, { shape: number[]; dtype?: 'int32'; values: number[] }>
  compute: (inputs: Record<string, tf.Tensor>) => tf.Tensor | tf.Tensor[]
}

const size = fc.integer({ min: 1, max: 5 })
const shape = fc.array(size, { minLength: 1, maxLength: 4 })
const float = fc.double({ min: -3, max: 3, noNaN: true })
const product = (dimensions: number[]) => dimensions.reduce((a, b) => a * b, 1)
const values = (dimensions: number[], value: fc.Arbitrary<number> = float) =>
  fc.array(value, { minLength: product(dimensions), maxLength: product(dimensions) })
const tensor = (of: fc.Arbitrary<number[]>, value?: fc.Arbitrary<number>) =>
  of.chain((dimensions) => values(dimensions, value).map((list) => ({ shape: dimensions, values: list })))

const positive = fc.double({ min: 0.1, max: 3, noNaN: true })
const one = (compute: (x: tf.Tensor) => tf.Tensor | tf.Tensor[], value?: fc.Arbitrary<number>, of = shape) =>
  tensor(of, value).map((x): Case => ({ inputs: { x }, compute: (t) => compute(t['x']!) }))

/** Two operands, of which the second lacks leading axes or has size 1 where it broadcasts. */
const two = (compute: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, value?: fc.Arbitrary<number>) =>
  fc
    .tuple(shape, fc.nat(3), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
    .chain(([a, drop, single]) => {
      const b = a.slice(Math.min(drop, a.length)).map((n, i) => (single[i] ? 1 : n))
      return fc.tuple(values(a, value), values(b, value)).map(([x, y]): Case => ({
        inputs: { a: { shape: a, values: x }, b: { shape: b, values: y } },
        compute: (t) => compute(t['a']!, t['b']!),
      }))
    })

const compared = (compute: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor) =>
  two((a, b) => compute(a, b).cast('float32'), fc.integer({ min: -2, max: 2 }))

/** Reductions over each choice of axes, with and without kept dimensions. */
const reduced = (compute: (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor) =>
  fc.tuple(tensor(shape), fc.nat(15), fc.boolean()).map(([x, bits, keep]): Case => {
    const axes = x.shape.map((_, i) => i).filter((i) => (bits >> i) & 1)
    return { inputs: { x }, compute: (t) => compute(t['x']!, axes.length ? axes : [0], keep) }
  })

const matrices = (
  batch: boolean,
  compute: (a: tf.Tensor, b: tf.Tensor, ta: boolean, tb: boolean) => tf.Tensor,
) =>
  fc
    .tuple(size, size, size, batch ? fc.tuple(size, size) : fc.constant([]), fc.boolean(), fc.boolean())
    .chain(([m, k, n, lead, ta, tb]) => {
      const a = [...lead, ...(ta ? [k, m] : [m, k])]
      const b = [...lead, ...(tb ? [n, k] : [k, n])]
      return fc.tuple(values(a), values(b)).map(([x, y]): Case => ({
        inputs: { a: { shape: a, values: x }, b: { shape: b, values: y } },
        compute: (t) => compute(t['a']!, t['b']!, ta, tb),
      }))
    })

const rankTwo = fc.tuple(size, size).map((dimensions) => [...dimensions])

/** A way to run every kernel that the tracer records. */
const cases: Record<keyof typeof kernels, fc.Arbitrary<Case>> = {
  Add: two(tf.add),
  Sub: two(tf.sub),
  Multiply: two(tf.mul),
  RealDiv: two(tf.div, positive),
  Pow: two(tf.pow, positive),
  Maximum: two(tf.maximum),
  Minimum: two(tf.minimum),
  Greater: compared(tf.greater),
  GreaterEqual: compared(tf.greaterEqual),
  Less: compared(tf.less),
  LessEqual: compared(tf.lessEqual),
  Abs: one(tf.abs),
  Erf: one(tf.erf),
  Exp: one(tf.exp),
  Log: one(tf.log, positive),
  Neg: one(tf.neg),
  Sign: one(tf.sign, fc.integer({ min: -2, max: 2 })),
  Sqrt: one(tf.sqrt, positive),
  Rsqrt: one(tf.rsqrt, positive),
  Square: one(tf.square),
  Step: one((x) => tf.step(x, -0.5), fc.integer({ min: -2, max: 2 })),
  Select: one((x) => tf.where(x.greater(0), x.mul(2), x.sub(1))),
  AddN: one((x) => tf.addN([x, x.square(), x.exp()])),
  Sum: reduced(tf.sum),
  Mean: reduced(tf.mean),
  Max: reduced(tf.max),
  Softmax: one((x) => tf.softmax(x)),
  TopK: one((x) => {
    // The values only have one answer; of equal ones any index is right, so that distinct ones are made.
    const ordered = x.mul(0.001).add(tf.tensor1d(Array.from({ length: x.shape.at(-1)! }, (_, i) => i)))
    const { values, indices } = tf.topk(ordered, x.shape.at(-1)!)
    return [values, indices.cast('float32')]
  }),
  BatchMatMul: matrices(true, tf.matMul),
  _FusedMatMul: matrices(false, (a, b, transposeA, transposeB) =>
    tf.fused.matMul({
      a: a as tf.Tensor2D,
      b: b as tf.Tensor2D,
      transposeA,
      transposeB,
      bias: (transposeB ? b : b.transpose()).sum(1),
    }),
  ),
  Reshape: one((x) => x.reshape([-1]).add(1)),
  ExpandDims: one((x) => x.expandDims(-1).add(x.expandDims(0).sum())),
  Identity: one((x) => tf.clone(x).add(1)),
  Cast: one((x) => x.cast('int32').cast('float32').add(x.cast('bool').cast('float32'))),
  Transpose: fc.tuple(tensor(shape), fc.infiniteStream(fc.nat())).map(([x, keys]): Case => {
    const order = x.shape
      .map((_, i) => [keys.next().value as number, i] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, i]) => i)
    return { inputs: { x }, compute: (t) => tf.transpose(t['x']!, order) }
  }),
  Tile: one((x) =>
    tf.tile(
      x,
      x.shape.map((_, i) => (i % 3) + 1),
    ),
  ),
  Concat: one((x) => tf.concat([x, x.mul(2), x.neg()], -1)),
  Slice: fc.tuple(tensor(shape), fc.double({ min: 0, max: 0.99, noNaN: true })).map(([x, part]): Case => {
    const begin = x.shape.map((n) => Math.floor(n * part))
    return { inputs: { x }, compute: (t) => tf.slice(t['x']!, begin) }
  }),
  SplitV: one((x) => {
    const length = x.shape[0]!
    return length > 1 ? tf.split(x, [1, length - 1], 0) : tf.split(x, 1, 0)
  }),
  PadV2: one((x) =>
    tf.pad(
      x,
      x.shape.map((_, i): [number, number] => [i % 2, 2]),
      0.5,
    ),
  ),
  GatherV2: fc
    .tuple(tensor(rankTwo), fc.array(fc.nat(100), { minLength: 1, maxLength: 6 }), fc.nat(1))
    .map(([x, picks, axis]): Case => ({
      inputs: {
        x,
        indices: { shape: [picks.length], dtype: 'int32', values: picks.map((i) => i % x.shape[axis]!) },
      },
      compute: (t) => tf.gather(t['x']!, t['indices'] as tf.Tensor1D, axis),
    })),
  ZerosLike: one((x) => tf.zerosLike(x).add(x)),
  OnesLike: one((x) => tf.onesLike(x).add(x)),
  Fill: one((x) => tf.fill(x.shape, 2.5).add(x)),
  After: fc.tuple(tensor(shape), tensor(shape), tensor(shape)).map(([x, a, b]): Case => ({
    inputs: { x, a, b },
    compute: (t) => after(t['x']!, [t['a']!, t['b']!]),
  })),
  LayerNormalization: fc
    .tuple(size, fc.integer({ min: 2, max: 6 }))
    .chain(([rows, width]) => fc.tuple(values([rows, width]), values([width]), values([width])))
    .map(([x, gain, bias]): Case => ({
      inputs: {
        x: { shape: [x.length / gain.length, gain.length], values: x },
        gain: { shape: [gain.length], values: gain },
        bias: { shape: [bias.length], values: bias },
      },
      compute: (t) => layerNorm(t['x']!, t['gain']!, t['bias']!),
    })),
}

const listed = (result: tf.Tensor | tf.Tensor[]) => (Array.isArray(result) ? result : [result])

async function onCpu({ inputs, compute }: Case) {
  await tf.setBackend('cpu')
  return tf.tidy(() =>
    listed(
      compute(
        Object.fromEntries(
          Object.entries(inputs).map(([name, x]) => [
            name,
            tf.tensor(x.values, x.shape, x.dtype ?? 'float32'),
          ]),
        ),
      ),
    ).map((t) => ({ shape: t.shape, values: Array.from(t.dataSync()) })),
  )
}

async function on(id: string, { inputs, compute }: Case) {
  const engine = await createEngine(id, { threads: 1 })
  const specs = Object.fromEntries(
    Object.entries(inputs).map(([name, x]) => [
      name,
      { shape: x.shape, dtype: x.dtype ?? ('float32' as const) },
    ]),
  )
  const program = await engine.compile(
    (_state, tensors) => ({
      outputs: Object.fromEntries(listed(compute(tensors)).map((t, i) => [`y${i}`, t])),
    }),
    engine.createState({}),
    specs,
  )
  const outputs = await program.run(
    Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [
        name,
        x.dtype ? Int32Array.from(x.values) : Float32Array.from(x.values),
      ]),
    ),
  )
  await program.dispose()
  return Object.values(outputs).map((y) => ({ shape: y.shape, values: Array.from(y.values) }))
}

const engines = enginesHere().filter((id) => id !== 'onnxruntime-webgpu')
const everyKernel = engines.flatMap((id) => Object.keys(kernels).map((name) => ({ id, name })))

describe('every kernel that the tracer records', () => {
  it.each(everyKernel)('$name gives by $id what tfjs gives on its cpu backend', async ({ id, name }) => {
    await fc.assert(
      fc.asyncProperty(cases[name]!, async (one) => {
        const [expected, actual] = [await onCpu(one), await on(id, one)]
        expect(actual.map((y) => y.shape)).toEqual(expected.map((y) => y.shape))
        actual.forEach((y, i) =>
          y.values.forEach((value, j) => {
            const wanted = expected[i]!.values[j]!
            expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(wanted)))
          }),
        )
      }),
      { numRuns: 25 },
    )
  })

  it('is named where the tracer has no form of it', async () => {
    const engine = await createEngine('onnxruntime-cpu', { threads: 1 })
    const compile = engine.compile(
      (_state, { x }) => ({ outputs: { y: tf.cumsum(x!) } }),
      engine.createState({}),
      { x: { shape: [3], dtype: 'float32' } },
    )
    await expect(compile).rejects.toMatchObject({
      code: 'unsupported-op',
      message: expect.stringContaining('Cumsum'),
    })
  })
})
