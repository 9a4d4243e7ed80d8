import { describe, expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { stepsOf } from '#test/helpers/graphs'
import type { Graph } from './ir'
import { passes, rewrite } from './passes/index'
import { trace } from './trace'
import { withVectors } from '#model/tensor/vectors'
import { problemsOf } from './verify'

const h = fromPreset('nano', { imageSize: 16, width: 16, heads: 2, depth: 2, queryDepth: 1, batchSize: 2 })
const steps = stepsOf(h, 2 ** 18)
/** Graphs by their steps; nobody changes one. */
const known = new Map<string, Graph>()
function traced(name = 'train'): Graph {
  const { step, state, inputs, vectors = {} } = steps[name]!
  const graph = known.get(name) ?? trace(withVectors(step, vectors), state, inputs).graph
  known.set(name, graph)
  return graph
}

describe('The verifier', () => {
  it.each(Object.keys(steps))('finds each step sound after each pass of every target: %s', (name) => {
    const graph = traced(name)
    expect(problemsOf(graph)).toEqual([])
    for (const list of Object.values(passes))
      rewrite(graph, list, (result, pass) => expect(problemsOf(result), pass.name).toEqual([]))
  })

  /** Puts one thing wrong with one node. */
  const broken = (op: string, change: (node: Graph['nodes'][number]) => object): Graph => {
    const graph = traced()
    const at = graph.nodes.findIndex((node) => node.op === op)
    return { ...graph, nodes: graph.nodes.map((node, i) => (i === at ? { ...node, ...change(node) } : node)) }
  }
  it.each([
    ['a value that nothing makes', broken('Erf', () => ({ inputs: ['nowhere'] })), 'reads nowhere'],
    ['a node of no output', { ...traced(), nodes: traced().nodes.slice(1) }, 'which is not made before it'],
    ['nodes in another order', { ...traced(), nodes: [...traced().nodes].reverse() }, 'not made before it'],
    ['an axis exchanged', broken('Transpose', () => ({ attributes: { perm: { ints: [0, 0] } } })), 'makes ['],
    [
      'a factor turned the other way',
      broken('FusedMatMul', ({ attributes }) => ({ attributes: { ...attributes, transA: { int: 1 } } })),
      'makes [',
    ],
    ['an attribute that is missing', broken('Softmax', () => ({ attributes: {} })), 'axis is to be int'],
    [
      'an attribute of another operator',
      broken('Erf', () => ({ attributes: { axis: { int: 1 } } })),
      'has no attribute axis',
    ],
    ['an output that nothing makes', { ...traced(), nodes: [] }, 'nothing makes the output'],
    ['a node twice', { ...traced(), nodes: [...traced().nodes, traced().nodes[0]!] }, 'is made twice'],
  ])('finds %s', (_, graph, said) => {
    expect(problemsOf(graph).join('\n')).toContain(said)
  })
})
