import { createHash } from 'node:crypto'
import type { Constant, Graph, Node } from '#engine/graph/ir'

/** Nodes of the same operator, inputs and attributes are computed once; equal constants likewise. */
export function shareCommonNodes(graph: Graph): Graph {
  const renamed = new Map<string, string>()
  const resolve = (name: string) => renamed.get(name) ?? name
  const seen = new Map<string, string[]>()

  const constants = new Map<string, Constant>()
  for (const [name, constant] of graph.constants) {
    const { dtype, shape, values } = constant
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    const key = `${dtype} ${shape.join()} ${createHash('sha1').update(bytes).digest('hex')}`
    const twin = seen.get(key)
    if (twin) renamed.set(name, twin[0]!)
    else {
      seen.set(key, [name])
      constants.set(name, constant)
    }
  }

  const nodes: Node[] = []
  const outputs = new Set(graph.outputs.map((value) => value.name))
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(resolve)
    const key = JSON.stringify([node.op, inputs, node.attributes])
    const twin = seen.get(key)
    if (twin && !node.outputs.some((name) => outputs.has(name)))
      node.outputs.forEach((name, i) => renamed.set(name, twin[i]!))
    else {
      if (!twin) seen.set(key, node.outputs)
      nodes.push({ ...node, inputs })
    }
  }
  return { ...graph, nodes, constants }
}
