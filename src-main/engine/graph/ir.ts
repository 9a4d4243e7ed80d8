/**
 * The graph of a step in memory, in ONNX's operators: what the tracer records, the passes rewrite, and the writers of
 * onnxruntime and TensorFlow encode. A graph is never changed: passes make new ones.
 */

/** The types of values, with the numbers that ONNX has for them. */
export const dataTypes = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
} as const
export type DataType = keyof typeof dataTypes

export interface Value {
  name: string
  shape: readonly number[]
  dtype: DataType
}

export interface Constant extends Value {
  values: Float32Array | Int32Array | BigInt64Array | Uint8Array
}

export type Attribute = { int: number } | { float: number } | { ints: readonly number[] } | { text: string }

/** The kind of an attribute; with `?` where it may be missing. */
type Kind = 'int' | 'float' | 'float?' | 'ints'

const reduction = { keepdims: 'int' } as const
const product = { transA: 'int', transB: 'int', alpha: 'float?' } as const

/** The operators of a graph and their attributes: ONNX's, and onnxruntime's own FusedMatMul. */
export const operators = {
  ...{ Add: {}, Sub: {}, Mul: {}, Div: {}, Pow: {}, Max: {}, Min: {} },
  ...{ Greater: {}, GreaterOrEqual: {}, Less: {}, LessOrEqual: {}, Where: {} },
  ...{ Abs: {}, Erf: {}, Exp: {}, Log: {}, Neg: {}, Sign: {}, Sqrt: {}, Reciprocal: {}, Identity: {} },
  ...{ Sum: {}, ReduceSum: reduction, ReduceMean: reduction, ReduceMax: reduction },
  ...{ MatMul: {}, FusedMatMul: product, Gemm: product },
  ...{ Reshape: {}, Slice: {}, Tile: {}, Pad: {}, TopK: {} },
  Shape: { start: 'int', end: 'int' },
  Transpose: { perm: 'ints' },
  Concat: { axis: 'int' },
  Gather: { axis: 'int' },
  Softmax: { axis: 'int' },
  Cast: { to: 'int' },
  LayerNormalization: { axis: 'int', epsilon: 'float' },
} as const satisfies Record<string, Record<string, Kind>>

/** An operator, or a kernel that one engine has of its own, such as SaimGelu. */
export type Op = keyof typeof operators | 'Adam' | `Saim${string}`

export interface Node {
  op: Op
  /** '' for ONNX itself, 'com.microsoft' for onnxruntime's own operators. */
  domain: '' | 'com.microsoft'
  inputs: string[]
  outputs: string[]
  attributes: Record<string, Attribute>
}

export interface Graph {
  inputs: Value[]
  outputs: Value[]
  /** Each after those that make its inputs. */
  nodes: Node[]
  constants: Map<string, Constant>
  /** Shape and type of every value by name. */
  values: Map<string, Value>
}

/** An attribute that is a whole number. */
export const intOf = (node: Node, name: string): number => (node.attributes[name] as { int: number }).int

/** Whether an attribute is set; false where the node has none of the name. */
export const flagOf = (node: Node, name: string): boolean =>
  name in node.attributes && intOf(node, name) === 1

export const floatOf = (node: Node, name: string): number =>
  (node.attributes[name] as { float: number }).float

export const intsOf = (node: Node, name: string): number[] => [
  ...(node.attributes[name] as { ints: readonly number[] }).ints,
]

/** The factor of a matrix product; 1 where it has none. */
export const alphaOf = (node: Node): number => ('alpha' in node.attributes ? floatOf(node, 'alpha') : 1)

export const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, i) => size === b[i])

/** The node that makes each value. */
export const makersOf = (graph: Graph) =>
  new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))

/** How often each value is read, as an output of the graph too. */
export function usesOf(graph: Graph): Map<string, number> {
  const uses = new Map<string, number>()
  const read = [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map(({ name }) => name)]
  for (const name of read) uses.set(name, (uses.get(name) ?? 0) + 1)
  return uses
}
