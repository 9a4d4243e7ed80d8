import { type Graph, makersOf, type Node } from '#engine/graph/ir'

/** Drops nodes, constants and inputs that no output needs. */
export function dropDeadNodes(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((value) => value.name))
  const nodes: Node[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue
    node.inputs.forEach((name) => needed.add(name))
    nodes.unshift(node)
  }
  return {
    ...graph,
    nodes,
    inputs: graph.inputs.filter((value) => needed.has(value.name)),
    constants: new Map([...graph.constants].filter(([name]) => needed.has(name))),
  }
}

/** Identity nodes before outputs go: the node that makes the value gives it the output's name. */
export function nameOutputsAtSource(graph: Graph): Graph {
  const makers = makersOf(graph)
  const renamed = new Map<string, string>()
  for (const node of graph.nodes)
    if (node.op === 'Identity' && makers.has(node.inputs[0]!) && !renamed.has(node.inputs[0]!))
      renamed.set(node.inputs[0]!, node.outputs[0]!)
  const resolve = (name: string) => renamed.get(name) ?? name
  const nodes = graph.nodes
    .filter((node) => !(node.op === 'Identity' && renamed.get(node.inputs[0]!) === node.outputs[0]))
    .map((node) => ({ ...node, inputs: node.inputs.map(resolve), outputs: node.outputs.map(resolve) }))
  return { ...graph, nodes }
}
