import { sizeOf } from '#model/tensor/step'
import { flagOf, type Graph, type Node, type Value } from '#engine/graph/ir'

/**
 * A matrix product Aᵀ B whose first factor is read by columns, as in gradients of weights Xᵀ G, has that factor transposed
 * before: the CPU's product would do so again for each panel of the second. Where Bᵀ and the product are less to
 * transpose, as where several products share B, it becomes (Bᵀ A)ᵀ.
 */
export function transposeFirst(graph: Graph): Graph {
  const values = new Map(graph.values)
  const isByColumns = (node: Node) =>
    node.op === 'FusedMatMul' &&
    flagOf(node, 'transA') &&
    !flagOf(node, 'transB') &&
    node.inputs.every((name) => values.get(name)!.shape.length === 2)
  const uses = new Map<string, number>()
  for (const { inputs } of graph.nodes.filter(isByColumns))
    for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1)
  const valuesPerUse = (name: string) => sizeOf(values.get(name)!.shape) / uses.get(name)!

  const transpose = (x: string, y: string): Node => {
    return { op: 'Transpose', domain: '', inputs: [x], outputs: [y], attributes: { perm: { ints: [1, 0] } } }
  }
  const transposed = (x: string): Value => {
    const { shape, dtype } = values.get(x)!
    return { name: `${x}/transposed`, shape: [...shape].reverse(), dtype }
  }
  /** The name of x transposed, with the node that makes it where none does yet. */
  const turn = (x: string): [name: string, nodes: Node[]] => {
    const turned = transposed(x)
    if (values.has(turned.name)) return [turned.name, []]
    values.set(turned.name, turned)
    return [turned.name, [transpose(x, turned.name)]]
  }
  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (!isByColumns(node)) return [node]
    const [[a, b], [y]] = [node.inputs, node.outputs] as [[string, string], [string]]
    const attributes = { ...node.attributes, transA: { int: 0 } }
    if (valuesPerUse(a) <= valuesPerUse(b) + sizeOf(values.get(y)!.shape)) {
      const [turned, makers] = turn(a)
      return [...makers, { ...node, inputs: [turned, b], attributes }]
    }
    const [turned, makers] = turn(b)
    const product = transposed(y)
    values.set(product.name, product)
    return [
      ...makers,
      { ...node, inputs: [turned, a], outputs: [product.name], attributes },
      transpose(product.name, y),
    ]
  })
  return { ...graph, nodes, values }
}
