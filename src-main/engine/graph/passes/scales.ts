import { alphaOf, type Graph, makersOf, type Node, usesOf } from '#engine/graph/ir'

/** c (A B + b) with a vector b becomes c (A B) + c b, so that foldScales finds the factor next to the product. */
export function scaleBeforeBias(graph: Graph): Graph {
  const makers = makersOf(graph)
  const uses = usesOf(graph)
  const values = new Map(graph.values)
  const gone = new Set<Node>()
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const found = scaled(graph, node)
    const sum = found && makers.get(found.rest)
    if (sum?.op !== 'Add' || uses.get(found!.rest) !== 1) return [node]
    const [product, bias] = sum.inputs as [string, string]
    const isLinear = makers.get(product)?.op === 'FusedMatMul' && uses.get(product) === 1
    if (!isLinear || values.get(bias)!.shape.length !== 1) return [node]
    gone.add(sum)
    const terms = [product, bias].map((term): Node => {
      const name = `${node.outputs[0]}/${term}`
      values.set(name, { ...values.get(term)!, name })
      return { ...node, inputs: node.inputs.map((x) => (x === found!.rest ? term : x)), outputs: [name] }
    })
    return [...terms, { ...sum, inputs: terms.map(({ outputs }) => outputs[0]!), outputs: node.outputs }]
  })
  return { ...graph, values, nodes: nodes.filter((node) => !gone.has(node)) }
}

/**
 * Constant factors of a matrix product, before or after it, become the product's own factor: c (A B), (c A) B and
 * A (c B) are one FusedMatMul with alpha c.
 */
export function foldScales(graph: Graph): Graph {
  const makers = makersOf(graph)
  const uses = usesOf(graph)
  const gone = new Set<Node>()
  const withFactor = (product: Node, factor: number, changes: Partial<Node>): Node => {
    const alpha = { float: alphaOf(product) * factor }
    return { ...product, ...changes, attributes: { ...product.attributes, alpha } }
  }
  const withInputs = (product: Node): Node =>
    product.inputs.reduce((node, input, i) => {
      const found = scaled(graph, makers.get(input))
      if (!found) return node
      return withFactor(node, found.factor, {
        inputs: node.inputs.map((name, k) => (k === i ? found.rest : name)),
      })
    }, product)

  const nodes = graph.nodes.map((node): Node => {
    if (node.op === 'FusedMatMul') return withInputs(node)
    const found = scaled(graph, node)
    const product = found && makers.get(found.rest)
    if (product?.op !== 'FusedMatMul' || uses.get(found!.rest) !== 1) return node
    gone.add(product)
    return withFactor(withInputs(product), found!.factor, { outputs: node.outputs })
  })
  return { ...graph, nodes: nodes.filter((_, i) => !gone.has(graph.nodes[i]!)) }
}

/** The factor and the rest of a Mul by a constant number; null for anything else. */
function scaled(graph: Graph, node: Node | undefined): { factor: number; rest: string } | null {
  if (node?.op !== 'Mul') return null
  const [a, b] = node.inputs as [string, string]
  const number = (name: string) => {
    const constant = graph.constants.get(name)
    return constant?.values.length === 1 && constant.shape.length === 0 ? Number(constant.values[0]) : null
  }
  const [first, second] = [number(a), number(b)]
  if (second !== null) return { factor: second, rest: a }
  return first === null ? null : { factor: first, rest: b }
}
