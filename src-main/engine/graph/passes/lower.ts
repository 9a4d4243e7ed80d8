import {
  alphaOf,
  type Constant,
  type DataType,
  flagOf,
  type Graph,
  type Node,
  type Op,
  type Value,
} from '#engine/graph/ir'

/**
 * Rewrites operators that only some of onnxruntime's providers have into those that all have. A provider would leave
 * them to the CPU, at the price of carrying their tensors there and back.
 */
export function lower(graph: Graph): Graph {
  const builder = new Builder(graph)
  for (const node of graph.nodes) {
    if (node.op === 'FusedMatMul') lowerProduct(builder, node)
    else if (node.op === 'Sum' && node.inputs.length > 1) lowerSum(builder, node)
    else builder.nodes.push(node)
  }
  return { ...graph, nodes: builder.nodes, constants: builder.constants, values: builder.values }
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
  let sum = inputs[0]!
  inputs.slice(1).forEach((term, i) => {
    const next = i === inputs.length - 2 ? output : builder.value(output)
    builder.add('Add', [sum, term], next)
    sum = next.name
  })
}

class Builder {
  readonly nodes: Node[] = []
  readonly constants: Map<string, Constant>
  readonly values: Map<string, Value>

  constructor(graph: Graph) {
    this.constants = new Map(graph.constants)
    this.values = new Map(graph.values)
  }

  add(op: Op, inputs: string[], output: Value, attributes: Node['attributes'] = {}): void {
    this.nodes.push({ op, domain: '', inputs, outputs: [output.name], attributes })
  }

  value({ shape, dtype }: { shape: readonly number[]; dtype: DataType }): Value {
    const value = { name: `lowered${this.values.size}`, shape, dtype }
    this.values.set(value.name, value)
    return value
  }

  scalar(value: number): string {
    const constant = { ...this.value({ shape: [], dtype: 'float32' }), values: Float32Array.of(value) }
    this.constants.set(constant.name, constant)
    return constant.name
  }

  /** A value with its last two axes exchanged. */
  transposed(name: string): string {
    const { shape, dtype } = this.values.get(name)!
    const order = shape.map((_, i) => i)
    order.splice(-2, 2, shape.length - 1, shape.length - 2)
    const result = this.value({ shape: order.map((axis) => shape[axis]!), dtype })
    this.add('Transpose', [name], result, { perm: { ints: order } })
    return result.name
  }
}
