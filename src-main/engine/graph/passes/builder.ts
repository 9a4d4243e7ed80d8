import {
  type Constant,
  type DataType,
  dataTypes,
  type Graph,
  type Node,
  type Op,
  type Value,
} from '#engine/graph/ir'

/** Writes the nodes of a graph that a pass makes of another. */
export class Builder {
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

  /** An operator of two values that broadcast to the first; answers what it makes. */
  binary(op: Op, a: string, b: string): string {
    const result = this.value(this.values.get(a)!)
    this.add(op, [a, b], result)
    return result.name
  }

  cast(name: string, dtype: DataType): string {
    const result = this.value({ ...this.values.get(name)!, dtype })
    this.add('Cast', [name], result, { to: { int: dataTypes[dtype] } })
    return result.name
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

  /** `before` with what was made in place of its nodes. */
  graph = (before: Graph): Graph => ({
    ...before,
    nodes: this.nodes,
    constants: this.constants,
    values: this.values,
  })
}
