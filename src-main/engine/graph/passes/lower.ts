import { alphaOf, flagOf, type Graph, type Node } from '#engine/graph/ir'
import { Builder } from './builder'

/**
 * Rewrites operators that only some of onnxruntime's providers have into those that all have. A provider would leave
 * them to the CPU, at the price of carrying their tensors there and back.
 */
export function lower(graph: Graph): Graph {
  const builder = new Builder(graph)
  for (const node of graph.nodes) {
    if (node.op === 'FusedMatMul') lowerProduct(builder, node)
    else if (node.op === 'Sum') lowerSum(builder, node)
    else builder.nodes.push(node)
  }
  return builder.graph(graph)
}

/** alpha A B of matrices is a Gemm; of stacks of matrices it is a MatMul, with transposes before and alpha after. */
function lowerProduct(builder: Builder, node: Node): void {
  const { inputs, outputs, attributes } = node
  const alpha = alphaOf(node)
  const output = builder.values.get(outputs[0]!)!
  if (output.shape.length === 2) {
    const { transA, transB } = attributes
    return builder.add('Gemm', inputs, output, { transA: transA!, transB: transB!, alpha: { float: alpha } })
  }
  const operands = inputs.map((name, i) =>
    flagOf(node, i === 0 ? 'transA' : 'transB') ? builder.transposed(name) : name,
  )
  if (alpha === 1) return builder.add('MatMul', operands, output)
  const product = builder.value(output)
  builder.add('MatMul', operands, product)
  builder.add('Mul', [product.name, builder.scalar(alpha)], output)
}

function lowerSum(builder: Builder, { inputs, outputs }: Node): void {
  const output = builder.values.get(outputs[0]!)!
  if (inputs.length === 1) builder.add('Identity', inputs, output)
  let sum = inputs[0]!
  inputs.slice(1).forEach((term, i) => {
    const next = i === inputs.length - 2 ? output : builder.value(output)
    builder.add('Add', [sum, term], next)
    sum = next.name
  })
}
