import { alphaOf, type Constant, flagOf, type Graph, type Node } from '#engine/graph/ir'

/**
 * Replaces onnxruntime's own FusedMatMul by ONNX's MatMul, so that every ONNX runtime can read the graph, and drops
 * outputs of LayerNormalization that nothing reads. A weight that is transposed for its product is kept transposed.
 */
export function portable(graph: Graph): Graph {
  const constants = new Map(graph.constants)
  const values = new Map(graph.values)
  const read = new Set([
    ...graph.nodes.flatMap((node) => node.inputs),
    ...graph.outputs.map(({ name }) => name),
  ])
  const nodes: Node[] = []

  const transposed = (name: string): string => {
    const { shape, dtype } = values.get(name)!
    const result = `${name}/transposed`
    if (values.has(result)) return result
    const order = shape.map((_, axis) => axis)
    order.push(...order.splice(-2).reverse())
    const value = { name: result, shape: order.map((axis) => shape[axis]!), dtype }
    values.set(result, value)
    const constant = constants.get(name)
    if (constant?.shape.length === 2) constants.set(result, { ...value, values: transpose(constant) })
    else
      nodes.push({
        op: 'Transpose',
        domain: '',
        inputs: [name],
        outputs: [result],
        attributes: { perm: { ints: order } },
      })
    return result
  }

  for (const node of graph.nodes) {
    if (node.op === 'FusedMatMul') {
      if (alphaOf(node) !== 1) throw new Error('A scaled product has no plain form here')
      const inputs = node.inputs.map((name, i) =>
        flagOf(node, i ? 'transB' : 'transA') ? transposed(name) : name,
      )
      nodes.push({ op: 'MatMul', domain: '', inputs, outputs: node.outputs, attributes: {} })
    } else if (node.op === 'LayerNormalization')
      nodes.push({ ...node, outputs: node.outputs.filter((name, i) => i === 0 || read.has(name)) })
    else nodes.push(node)
  }
  return { ...graph, nodes, constants, values }
}

function transpose({ shape, values }: Constant): Float32Array {
  const [rows, columns] = shape as [number, number]
  const result = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = Number(values[row * columns + column])
  return result
}
