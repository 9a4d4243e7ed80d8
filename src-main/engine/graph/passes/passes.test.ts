import { describe, expect, it } from 'vitest'
import type { Graph, Node, Op } from '#engine/graph/ir'
import { dropDeadNodes, nameOutputsAtSource } from './drop'
import { joinReshapes } from './reshapes'
import { foldScales, scaleBeforeBias } from './scales'
import { shareCommonNodes } from './share'
import { sumsAsProducts } from './sums-as-products'
import { transposeFirst } from './transpose-first'

const value = (name: string) => ({ name, shape: [2], dtype: 'float32' as const })
const node = (op: Op, inputs: string[], output: string, attributes: Node['attributes'] = {}): Node => ({
  op,
  domain: '',
  inputs,
  outputs: [output],
  attributes,
})
const graph = (nodes: Node[], constants: Record<string, number> = {}, output = 'y'): Graph => ({
  inputs: [value('x')],
  outputs: [value(output)],
  nodes,
  constants: new Map(
    Object.entries(constants).map(([name, number]) => [
      name,
      { name, shape: [], dtype: 'float32' as const, values: Float32Array.of(number) },
    ]),
  ),
  values: new Map(),
})
const brief = ({ nodes }: Graph) => nodes.map(({ op, inputs, outputs }) => `${outputs} = ${op}(${inputs})`)

describe('passes', () => {
  it('read reshaped values as they were made, and drop reshapes to the shape that is there', () => {
    const shapes = { x: [2, 3], a: [6], b: [1, 6], c: [3, 2], d: [2, 3], e: [2, 3] }
    const values = new Map(
      Object.entries(shapes).map(([name, shape]) => [name, { name, shape, dtype: 'float32' as const }]),
    )
    const chain = ['x', 'a', 'b', 'c', 'd', 'e']
    const reshapes = chain.slice(1).map((name, i) => node('Reshape', [chain[i]!, `shape of ${name}`], name))
    const before = { ...graph([...reshapes, node('Add', ['b', 'e'], 'y')]), values }
    expect(brief(dropDeadNodes(joinReshapes(before)))).toEqual(['b = Reshape(x,shape of b)', 'y = Add(b,x)'])
    // What an output is called stays.
    expect(brief(dropDeadNodes(joinReshapes({ ...before, outputs: [values.get('e')!] })))).toEqual([
      'e = Reshape(x,shape of e)',
    ])
  })

  it('compute equal nodes once, also where equality comes from equal constants', () => {
    const before = graph(
      [node('Mul', ['x', 'two'], 'a'), node('Mul', ['x', 'zwei'], 'b'), node('Add', ['a', 'b'], 'y')],
      { two: 2, zwei: 2 },
    )
    expect(brief(shareCommonNodes(before))).toEqual(['a = Mul(x,two)', 'y = Add(a,a)'])
  })

  it('keep apart nodes whose attributes differ', () => {
    const before = graph([
      node('Softmax', ['x'], 'a', { axis: { int: 0 } }),
      node('Softmax', ['x'], 'b', { axis: { int: 1 } }),
      node('Add', ['a', 'b'], 'y'),
    ])
    expect(brief(shareCommonNodes(before))).toHaveLength(3)
  })

  it('drop what no output needs', () => {
    const after = dropDeadNodes(graph([node('Exp', ['x'], 'a'), node('Neg', ['x'], 'y')], { unused: 1 }))
    expect(brief(after)).toEqual(['y = Neg(x)'])
    expect(after.constants.size).toBe(0)
  })

  it('give an output its name where it is made, and keep copies of inputs', () => {
    const made = graph([node('Neg', ['x'], 'a'), node('Exp', ['a'], 'b'), node('Identity', ['a'], 'y')])
    expect(brief(nameOutputsAtSource(made))).toEqual(['y = Neg(x)', 'b = Exp(y)'])
    expect(brief(nameOutputsAtSource(graph([node('Identity', ['x'], 'y')])))).toEqual(['y = Identity(x)'])
  })

  it('fold factors into the matrix product beside them, unless the product is used elsewhere', () => {
    const after = [node('FusedMatMul', ['x', 'x'], 'a'), node('Mul', ['a', 'half'], 'y')]
    const alpha = (float: number) => ({ op: 'FusedMatMul', outputs: ['y'], attributes: { alpha: { float } } })
    expect(foldScales(graph(after, { half: 0.5 })).nodes).toMatchObject([alpha(0.5)])
    const before = [node('Mul', ['half', 'x'], 'a'), node('FusedMatMul', ['x', 'a'], 'y')]
    const folded = dropDeadNodes(foldScales(graph(before, { half: 0.5 })))
    expect(folded.nodes).toMatchObject([{ ...alpha(0.5), inputs: ['x', 'x'] }])
    const used = [...after, node('Neg', ['a'], 'b')]
    expect(foldScales(graph(used, { half: 0.5 })).nodes).toHaveLength(3)
  })
  it('move a constant factor before the bias of a product, where it can be folded', () => {
    const linear = [node('FusedMatMul', ['x', 'x'], 'p'), node('Add', ['p', 'bias'], 's')]
    const half = { half: 0.5 }
    const before = graph([...linear, node('Mul', ['s', 'half'], 'y')], half)
    for (const name of ['p', 'bias']) before.values.set(name, value(name))
    const after = scaleBeforeBias(before)
    expect(brief(after)).toEqual([
      'p = FusedMatMul(x,x)',
      'y/p = Mul(p,half)',
      'y/bias = Mul(bias,half)',
      'y = Add(y/p,y/bias)',
    ])
    expect(brief(foldScales(after))[0]).toBe('y/p = FusedMatMul(x,x)')
    const used = graph([...linear, node('Mul', ['s', 'half'], 'a'), node('Add', ['a', 's'], 'y')], half)
    expect(brief(scaleBeforeBias(used))).toEqual(brief(used))
  })

  it('sum rows by a product with ones, and leave other sums alone', () => {
    const sum = (shape: number[], axes: number[], keepdims: number): Graph => ({
      ...graph([node('ReduceSum', ['x', 'axes'], 'y', { keepdims: { int: keepdims } })]),
      constants: new Map([
        [
          'axes',
          { name: 'axes', shape: [axes.length], dtype: 'int64', values: BigInt64Array.from(axes, BigInt) },
        ],
      ]),
      values: new Map([['x', { name: 'x', shape, dtype: 'float32' }]]),
    })
    const product = sumsAsProducts(sum([2, 3, 4], [0, 1], 0))
    expect(brief(product)).toEqual([
      'y/rows = Reshape(x,shape/6,4)',
      'y/sum = MatMul(ones/6,y/rows)',
      'y = Reshape(y/sum,shape/4)',
    ])
    expect(product.constants.get('ones/6')!.values).toEqual(new Float32Array(6).fill(1))
    for (const other of [sum([2, 3, 4], [1], 0), sum([2, 3], [0], 1), sum([2, 3], [0, 1], 0)])
      expect(sumsAsProducts(other).nodes).toEqual(other.nodes)
  })

  it('transpose a first factor that is read by columns once, or the second and the product where those are smaller', () => {
    const shapes: Record<string, number[]> = { x: [9, 2], g: [9, 5], wide: [9, 50], batch: [4, 9, 2] }
    const product = (a: string, b: string, name: string, transA: number) => {
      shapes[name] = [shapes[a]!.at(transA ? -1 : -2)!, shapes[b]!.at(-1)!]
      return node('FusedMatMul', [a, b], name, { transA: { int: transA }, transB: { int: 0 } })
    }
    const before = graph([
      product('x', 'g', 'a', 1),
      product('x', 'g', 'b', 1),
      product('x', 'g', 'c', 0),
      product('batch', 'g', 'd', 1),
      product('wide', 'x', 'y', 1),
    ])
    for (const [name, shape] of Object.entries(shapes))
      before.values.set(name, { name, shape, dtype: 'float32' })
    const after = transposeFirst(before)
    expect(brief(after)).toEqual([
      'x/transposed = Transpose(x)',
      'a = FusedMatMul(x/transposed,g)',
      'b = FusedMatMul(x/transposed,g)',
      'c = FusedMatMul(x,g)',
      'd = FusedMatMul(batch,g)',
      'y/transposed = FusedMatMul(x/transposed,wide)',
      'y = Transpose(y/transposed)',
    ])
    expect(after.values.get('x/transposed')!.shape).toEqual([2, 9])
    expect(after.values.get('y/transposed')!.shape).toEqual([2, 50])
    expect(after.nodes.map(({ attributes }) => attributes['transA'])).toEqual(
      [undefined, 0, 0, 0, 1, 0, undefined].map((int) => (int === undefined ? undefined : { int })),
    )
  })
})
