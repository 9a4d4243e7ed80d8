import { type Graph, type Node, sameShape } from '#engine/graph/ir'

/** A reshape of reshaped values reads them as they were made; one to the shape that they already have goes. */
export function joinReshapes(graph: Graph): Graph {
  const outputs = new Set(graph.outputs.map(({ name }) => name))
  /** What reshaped values are made of. */
  const sources = new Map<string, string>()
  const renamed = new Map<string, string>()
  const resolve = (name: string) => renamed.get(name) ?? name
  const shapeOf = (name: string) => (graph.values.get(name) ?? graph.constants.get(name))!.shape
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const inputs = node.inputs.map(resolve)
    if (node.op !== 'Reshape') return [{ ...node, inputs }]
    const [x, shape] = inputs as [string, string]
    const [y] = node.outputs as [string]
    const source = sources.get(x) ?? x
    sources.set(y, source)
    if (!sameShape(shapeOf(source), shapeOf(y)) || outputs.has(y))
      return [{ ...node, inputs: [source, shape] }]
    renamed.set(y, source)
    return []
  })
  return { ...graph, nodes }
}
