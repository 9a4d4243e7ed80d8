import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import * as tf from '#model/tensor/tf'
import { encodeModel } from '#engine/onnx/encode'
import type { Graph } from '#engine/graph/ir'
import { trace } from '#engine/graph/trace'
import { passes, rewrite } from './index'
import { lower } from './lower'

type Inputs = Record<string, number[]>

const graphOf = (shapes: Inputs, compute: (t: Record<string, tf.Tensor>) => tf.Tensor): Graph => {
  const specs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape, dtype: 'float32' as const }]),
  )
  return rewrite(
    trace((_state, inputs) => ({ outputs: { y: compute(inputs) } }), {}, specs).graph,
    passes.fused,
  )
}

async function run(graph: Graph, shapes: Inputs): Promise<number[]> {
  const session = await InferenceSession.create(encodeModel(graph), { logSeverityLevel: 3 })
  const tensor = (shape: number[], k: number) =>
    new Tensor(
      'float32',
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 1.7 + k)),
      shape,
    )
  const feeds = Object.fromEntries(Object.entries(shapes).map(([name, shape], k) => [name, tensor(shape, k)]))
  const { y } = await session.run(feeds)
  return Array.from(y!.data as Float32Array)
}

const m2 = (x: tf.Tensor) => x as tf.Tensor2D
const cases: [string, Inputs, (t: Record<string, tf.Tensor>) => tf.Tensor, string][] = [
  ['a product', { a: [3, 4], b: [4, 5] }, ({ a, b }) => tf.matMul(m2(a!), m2(b!)), 'Gemm'],
  [
    'a scaled product of transposed matrices',
    { a: [4, 3], b: [5, 4] },
    ({ a, b }) => tf.matMul(m2(a!), m2(b!), true, true).mul(0.5),
    'Gemm',
  ],
  [
    'a scaled product of stacks, the second transposed',
    { a: [2, 3, 4], b: [2, 5, 4] },
    ({ a, b }) => tf.matMul(a!, b!, false, true).mul(3),
    'Transpose, MatMul, Mul',
  ],
  [
    'a product of stacks, the first transposed',
    { a: [2, 2, 4, 3], b: [2, 2, 4, 5] },
    ({ a, b }) => tf.matMul(a!, b!, true),
    'Transpose, MatMul',
  ],
  ['a sum of three', { a: [3], b: [3], c: [3] }, ({ a, b, c }) => tf.addN([a!, b!, c!]), 'Add, Add'],
]

describe('lowering', () => {
  it.each(cases)('keeps the meaning of %s in plain ONNX', async (_name, shapes, compute, operators) => {
    const graph = graphOf(shapes, compute)
    const lowered = lower(graph)
    expect(lowered.nodes.map(({ op }) => op).join(', ')).toBe(operators)
    expect(lowered.nodes.every(({ domain }) => domain === '')).toBe(true)
    const [before, after] = [await run(graph, shapes), await run(lowered, shapes)]
    after.forEach((value, i) => expect(value).toBeCloseTo(before[i]!, 5))
  })
})
