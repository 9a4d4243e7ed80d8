import type { Graph, Node } from './graph'

/** Rewrites a traced graph into a smaller one of the same meaning. */
export function optimise(graph: Graph): Graph {
  return dropDeadNodes(shareCommonNodes(graph))
}

/** Nodes of the same operator, inputs and attributes are computed once; equal small constants likewise. */
export function shareCommonNodes(graph: Graph): Graph {
  const renamed = new Map<string, string>()
  const resolve = (name: string) => renamed.get(name) ?? name
  const seen = new Map<string, string[]>()

  const constants = new Map<string, typeof graph.constants extends Map<string, infer C> ? C : never>()
  for (const [name, constant] of graph.constants) {
    const key =
      constant.values.length <= 64
        ? `${constant.dtype} ${constant.shape.join()} ${Array.from(constant.values as Float32Array).join()}`
        : name
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
