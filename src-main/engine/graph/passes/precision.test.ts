import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { type Precision, precisions } from '#shared/settings/precision'
import { type Graph, type Node, type Value } from '#engine/graph/ir'
import { problemsOf } from '#engine/graph/verify'
import { encodeModel } from '#engine/onnx/encode'
import { narrowProducts } from './narrow-products'
import { roundFactors } from './round-factors'

/** y = x w for a column x and a number w, and z = y w: two products that share a factor. */
function twoProducts(rows: number): Graph {
  const values: Value[] = [
    { name: 'x', shape: [rows, 1], dtype: 'float32' },
    { name: 'w', shape: [1, 1], dtype: 'float32' },
    { name: 'y', shape: [rows, 1], dtype: 'float32' },
    { name: 'z', shape: [rows, 1], dtype: 'float32' },
  ]
  const product = (inputs: string[], output: string): Node => ({
    op: 'FusedMatMul',
    domain: 'com.microsoft',
    inputs,
    outputs: [output],
    attributes: { transA: { int: 0 }, transB: { int: 0 } },
  })
  return {
    inputs: values.slice(0, 2),
    outputs: values.slice(2),
    nodes: [product(['x', 'w'], 'y'), product(['y', 'w'], 'z')],
    constants: new Map(),
    values: new Map(values.map((value) => [value.name, value])),
  }
}

/** What products of numbers with 1 are by a graph. */
async function timesOne(graph: Graph, x: Float32Array): Promise<Float32Array> {
  const session = await InferenceSession.create(encodeModel(graph), { logSeverityLevel: 3 })
  const one = new Tensor('float32', Float32Array.of(1), [1, 1])
  const { y } = await session.run({ x: new Tensor('float32', x, [x.length, 1]), w: one })
  return y!.data as Float32Array
}

/** Bits of fraction, the exponent of the least normal number, and the largest number. */
const formats: Record<Precision, { bits: number; least: number; most: number }> = {
  float32: { bits: 23, least: -126, most: Infinity },
  tf32: { bits: 10, least: -126, most: Infinity },
  bfloat16: { bits: 7, least: -126, most: Infinity },
  float16: { bits: 10, least: -14, most: 65504 },
}

function nearest(x: number, { bits, least, most }: (typeof formats)[Precision]): number {
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), least) - bits)
  const rounded = Math.round(x / unit) * unit // of ties, which no number below is
  return Math.abs(rounded) > most ? Math.sign(x) * Infinity : rounded
}

describe('a pass that rounds the factors of products', () => {
  // From what float16 has only some bits of to what it has not.
  const numbers = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * 1.7 + 1) * 2 ** ((i % 44) - 26))

  it.each(precisions)('gives each the nearest number of %s', async (precision) => {
    const rounded = await timesOne(roundFactors(precision)(twoProducts(numbers.length)), numbers)
    const format = formats[precision]
    for (const [i, x] of numbers.entries())
      // Below its normal numbers float16 is rounded to twice.
      if (Math.abs(x) >= 2 ** format.least) expect(rounded[i]).toBe(nearest(x, format))
      else expect(Math.abs(rounded[i]! - x)).toBeLessThan(0.75 * 2 ** (format.least - format.bits))
  })

  it.each(precisions)('makes a sound graph for %s', (precision) => {
    expect(problemsOf(roundFactors(precision)(twoProducts(3)))).toEqual([])
  })
})

describe('a pass that has products computed in 16 bits', () => {
  it('casts each factor once, and the products back', async () => {
    const narrowed = narrowProducts('float16')(twoProducts(3))
    expect(problemsOf(narrowed)).toEqual([])
    expect(narrowed.nodes.map(({ op }) => op)).toEqual([
      ...['Cast', 'Cast', 'FusedMatMul', 'Cast'],
      ...['Cast', 'FusedMatMul', 'Cast'],
    ])
    const dtypes = narrowed.nodes.map(({ outputs }) => narrowed.values.get(outputs[0]!)!.dtype)
    expect(dtypes).toEqual([
      ...['float16', 'float16', 'float16', 'float32'],
      ...['float16', 'float16', 'float32'],
    ])
    expect([...(await timesOne(narrowed, Float32Array.of(1, 2, 3)))]).toEqual([1, 2, 3])
  })
})
