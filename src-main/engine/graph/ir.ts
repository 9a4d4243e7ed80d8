/** An ONNX graph in memory: what the tracer records, the passes rewrite and the encoder writes. */

export type DataType = 'float32' | 'int32' | 'int64' | 'bool'

export interface Value {
  name: string
  shape: readonly number[]
  dtype: DataType
}

export interface Constant extends Value {
  values: Float32Array | Int32Array | BigInt64Array | Uint8Array
}

export type Attribute = { int: number } | { float: number } | { ints: readonly number[] } | { text: string }

export interface Node {
  op: string
  /** '' for ONNX itself, 'com.microsoft' for onnxruntime's own operators. */
  domain: '' | 'com.microsoft'
  inputs: string[]
  outputs: string[]
  attributes: Record<string, Attribute>
}

export interface Graph {
  inputs: Value[]
  outputs: Value[]
  nodes: Node[]
  constants: Map<string, Constant>
  /** Shape and type of every value by name. */
  values: Map<string, Value>
}

export const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, i) => size === b[i])

/** The node that makes each value. */
export const makersOf = (graph: Graph) =>
  new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
