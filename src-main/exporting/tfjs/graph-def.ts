import type { Constant, Graph, Node } from '../../engine/onnx/graph'

/** A node of TensorFlow's GraphDef as tfjs reads it from model.json. */
export interface TensorFlowNode {
  name: string
  op: string
  input?: string[]
  attr: Record<string, object>
}

const float = { type: 'DT_FLOAT' }
const integer = { type: 'DT_INT32' }

/** Writes the operators of an encoder's plain ONNX graph as TensorFlow's. */
export class GraphDef {
  readonly nodes: TensorFlowNode[] = []
  readonly constants = new Map<string, Constant>()

  constructor(private readonly graph: Graph) {
    for (const { name, shape } of graph.inputs)
      this.nodes.push({
        name,
        op: 'Placeholder',
        attr: { dtype: float, shape: { shape: { dim: shape.map((size) => ({ size: String(size) })) } } },
      })
    for (const constant of graph.constants.values()) this.constant(constant)
    for (const node of graph.nodes) this.write(node)
  }

  private write(node: Node): void {
    const output = node.outputs[0]!
    const [x, second] = node.inputs as [string, string]
    const add = (op: string, input: string[], attr: TensorFlowNode['attr'] = { T: float }) =>
      this.nodes.push({ name: output, op, input, attr })
    switch (node.op) {
      case 'Add':
      case 'Mul':
        return void add(node.op === 'Add' ? 'AddV2' : 'Mul', node.inputs)
      case 'Erf':
      case 'Softmax':
      case 'Identity':
        return void add(node.op, node.inputs)
      case 'MatMul':
        return void add('BatchMatMulV2', node.inputs, {
          T: float,
          adj_x: { b: false },
          adj_y: { b: false },
        })
      case 'Reshape':
      case 'Tile':
        return void add(node.op, [x, second])
      case 'Transpose':
        return void add('Transpose', [x, this.integers(output, ints(node, 'perm'))])
      case 'Concat':
        return void add('ConcatV2', [...node.inputs, this.integers(output, [int(node, 'axis')], [])], {
          T: float,
          N: { i: String(node.inputs.length) },
        })
      case 'ReduceMean':
        return void add('Mean', [x, second], { T: float, keep_dims: { b: int(node, 'keepdims') === 1 } })
      case 'Slice':
        return this.slice(node)
      case 'LayerNormalization':
        return this.layerNorm(node)
      case 'Shape':
        add('Shape', [x], { T: float, out_type: integer })
        return this.firstOf(node)
      default:
        throw new Error(`There is no TensorFlow form of ${node.op} here`)
    }
  }

  /** Shape with an end: the first of the sizes. */
  private firstOf(node: Node): void {
    const whole = this.nodes.pop()!
    const [output] = node.outputs as [string]
    this.nodes.push({ ...whole, name: `${output}/whole` })
    const [begin, size] = [this.integers(`${output}/begin`, [0]), this.integers(`${output}/size`, [1])]
    this.nodes.push({
      name: output,
      op: 'Slice',
      input: [`${output}/whole`, begin, size],
      attr: { T: integer },
    })
  }

  /** ONNX names starts, ends and axes; TensorFlow the start and size of every axis, -1 for the rest. */
  private slice(node: Node): void {
    const [x, ...names] = node.inputs as [string, string, string, string]
    const [starts, ends, axes] = names.map((name) =>
      Array.from(this.graph.constants.get(name)!.values, Number),
    )
    const rank = this.graph.values.get(x)!.shape.length
    const begin = Array<number>(rank).fill(0)
    const size = Array<number>(rank).fill(-1)
    axes!.forEach((axis, i) => {
      begin[axis] = starts![i]!
      size[axis] = ends![i]! - starts![i]!
    })
    const [output] = node.outputs as [string]
    const input = [x, this.integers(`${output}/begin`, begin), this.integers(`${output}/size`, size)]
    this.nodes.push({ name: output, op: 'Slice', input, attr: { T: float } })
  }

  /** y = (x - mean) / sqrt(var + epsilon) * gain + bias over the last axis. */
  private layerNorm(node: Node): void {
    const [x, gain, bias] = node.inputs as [string, string, string]
    const [output] = node.outputs as [string]
    const part = (name: string) => `${output}/${name}`
    const add = (name: string, op: string, input: string[], attr: TensorFlowNode['attr'] = {}) => {
      this.nodes.push({ name, op, input, attr: { T: float, ...attr } })
      return name
    }
    const axis = this.integers(part('norm'), [-1])
    const keep = { keep_dims: { b: true } }
    const epsilon = { name: part('epsilon'), shape: [], dtype: 'float32' as const }
    const { float: value } = node.attributes['epsilon'] as { float: number }
    this.constant({ ...epsilon, values: Float32Array.of(value) })
    const mean = add(part('mean'), 'Mean', [x, axis], keep)
    const centred = add(part('centred'), 'Sub', [x, mean])
    const squared = add(part('squared'), 'Square', [centred])
    const variance = add(part('variance'), 'Mean', [squared, axis], keep)
    const stable = add(part('stable'), 'AddV2', [variance, epsilon.name])
    const inverse = add(part('inverse'), 'Rsqrt', [stable])
    const normalised = add(part('normalised'), 'Mul', [centred, inverse])
    const scaled = add(part('scaled'), 'Mul', [normalised, gain])
    add(output, 'AddV2', [scaled, bias])
  }

  /** A constant of whole numbers beside a node; answers its name. */
  private integers(beside: string, numbers: number[], shape = [numbers.length]): string {
    const name = `${beside}/numbers`
    this.constant({ name, shape, dtype: 'int32', values: Int32Array.from(numbers) })
    return name
  }

  private constant(constant: Constant): void {
    const whole = constant.dtype !== 'float32'
    const values = whole ? Int32Array.from(constant.values, Number) : constant.values
    this.constants.set(constant.name, { ...constant, dtype: whole ? 'int32' : 'float32', values })
    this.nodes.push({ name: constant.name, op: 'Const', attr: { dtype: whole ? integer : float } })
  }
}

const int = (node: Node, name: string) => (node.attributes[name] as { int: number }).int
const ints = (node: Node, name: string) => [...(node.attributes[name] as { ints: readonly number[] }).ints]
