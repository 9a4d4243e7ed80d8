import { adamKernel } from '#model/tensor/adam'
import { mapValues, sizeOf } from '#model/tensor/step'
import type { Precision } from '#shared/settings/precision'
import {
  alphaOf,
  type Constant,
  type DataType,
  flagOf,
  floatOf,
  type Graph,
  intOf,
  intsOf,
  makersOf,
  type Node,
  type Value,
} from '#engine/graph/ir'
import { isOwn } from './kernels'

/** A node of TensorFlow's GraphDef, as protobuf's JSON has it. */
export interface TensorFlowNode {
  name: string
  op: string
  input?: string[]
  attr: Record<string, object>
}

/** Tensors by which a variable is given a value from outside: that value, and what to ask for. */
export interface Settable {
  given: string
  set: string
}

/** Indices that ONNX has in 64 bits are of 32 here. */
const types: Record<DataType, { type: string }> = {
  float32: { type: 'DT_FLOAT' },
  int32: { type: 'DT_INT32' },
  int64: { type: 'DT_INT32' },
  bool: { type: 'DT_BOOL' },
  uint8: { type: 'DT_UINT8' },
  float16: { type: 'DT_HALF' },
  bfloat16: { type: 'DT_BFLOAT16' },
}

type Narrow = 'bfloat16' | 'float16'

/** The type that products of a precision have; none where it is a device that rounds factors of 32 bits by itself. */
const narrowOf = (factors: Precision): Narrow | null =>
  factors === 'bfloat16' || factors === 'float16' ? factors : null

/** ONNX operators that have a twin of the same inputs, with an attribute T of their type. */
const twins: Record<string, string> = {
  Add: 'AddV2',
  Sub: 'Sub',
  Mul: 'Mul',
  Div: 'RealDiv',
  Pow: 'Pow',
  Max: 'Maximum',
  Min: 'Minimum',
  Greater: 'Greater',
  GreaterOrEqual: 'GreaterEqual',
  Less: 'Less',
  LessOrEqual: 'LessEqual',
  Abs: 'Abs',
  Erf: 'Erf',
  Exp: 'Exp',
  Log: 'Log',
  Neg: 'Neg',
  Sign: 'Sign',
  Sqrt: 'Sqrt',
  Reciprocal: 'Reciprocal',
  Softmax: 'Softmax',
  Identity: 'Identity',
  Reshape: 'Reshape',
  Tile: 'Tile',
}
const reductions: Record<string, string> = { ReduceSum: 'Sum', ReduceMean: 'Mean', ReduceMax: 'Max' }

/** Writes an ONNX graph of ours in TensorFlow's operators. */
export class GraphDef {
  readonly nodes: TensorFlowNode[] = []
  readonly constants = new Map<string, Constant>()
  /** What a value is called here, where that is not its own name. */
  private readonly renamed = new Map<string, string>()
  private readonly variables: Set<string>
  /** Nodes that several others may ask for. */
  private readonly made = new Set<string>()
  private readonly makers: Map<string, Node>
  /** Values that are what variables have after a node that changes them in place. */
  private readonly inPlace = new Map<string, { variable: string; node: string }>()

  /** `variables` keep their values between runs; the other inputs are given at each. */
  constructor(
    private readonly graph: Graph,
    variables: string[] = [],
    /** What the factors of matrix products are rounded to, except of sums written as products. */
    private readonly factors: Precision = 'float32',
  ) {
    this.variables = new Set(variables)
    this.makers = makersOf(graph)
    for (const { name, shape, dtype } of graph.inputs)
      if (!this.variables.has(name)) this.placeholder(name, shape, dtype)
    for (const name of variables) this.variable(graph.values.get(name)!)
    for (const constant of graph.constants.values()) this.constant(constant)
    for (const node of graph.nodes) this.write(node)
  }

  /** The tensor that has a value of the ONNX graph. */
  tensor = (value: string) => this.renamed.get(value) ?? nodeName(value)

  /** A tensor to ask for in order to run `nodes`, where it is not their values that are wanted. */
  after(what: string, nodes: string[]): void {
    const name = nodeName(what)
    const dependencies = nodes.map((node) => `^${node}`)
    this.add(name, 'Const', dependencies, { dtype: types.bool })
    this.constants.set(name, { name, shape: [], dtype: 'bool', values: Uint8Array.of(1) })
  }

  /** Gives a variable a value of the graph. Answers the node that does so. */
  update(variable: string, value: string): string {
    const changed = this.inPlace.get(this.source(value))
    return changed?.variable === variable ? changed.node : this.assign(variable, this.tensor(value))
  }

  /** What a value is but for its shape. */
  private source(value: string): string {
    const maker = this.makers.get(value)
    const isSame = maker?.op === 'Reshape' || maker?.op === 'Identity'
    return isSame ? this.source(maker.inputs[0]!) : value
  }

  /** Replaces a variable by a tensor of the same shape, after it was read, if there is anything to read. */
  private assign(variable: string, tensor: string, isFirst = false): string {
    const name = nodeName(variable)
    const dtype = types[this.graph.values.get(variable)!.dtype]
    const input = [`${name}/handle`, tensor, ...(isFirst ? [] : [`^${name}/read`])]
    return this.add(`${name}/assign/${tensor.replace(':', '/')}`, 'AssignVariableOp', input, { dtype })
  }

  /** A tensor to give when the tensor that `set` answers is asked for; the variable then keeps it. */
  settable(variable: string): Settable {
    const { shape, dtype } = this.graph.values.get(variable)!
    const name = nodeName(variable)
    const [given, set] = [`${name}/given`, `${name}/set`]
    this.placeholder(given, shape, dtype)
    this.after(set, [this.assign(variable, given, true)])
    return { given, set }
  }

  private placeholder(name: string, sizes: readonly number[], dtype: DataType): void {
    this.add(nodeName(name), 'Placeholder', [], { dtype: types[dtype], shape: shapeOf(sizes) })
  }

  private variable({ name: value, shape, dtype }: Value): void {
    const name = nodeName(value)
    this.add(`${name}/handle`, 'VarHandleOp', [], {
      dtype: types[dtype],
      shape: shapeOf(shape),
      shared_name: { s: Buffer.from(name).toString('base64') },
    })
    this.add(`${name}/read`, 'ReadVariableOp', [`${name}/handle`], { dtype: types[dtype] })
    this.renamed.set(value, `${name}/read`)
  }

  private add(name: string, op: string, input: string[], attr: TensorFlowNode['attr']): string {
    this.nodes.push({ name, op, input, attr })
    return name
  }

  private write(node: Node): void {
    const output = node.outputs[0]!
    const name = nodeName(output)
    const [x, second] = node.inputs.map(this.tensor) as [string, string]
    const T = this.typeOf(node.inputs[node.op === 'Where' ? 1 : 0]!)
    const inputs = node.inputs.map(this.tensor)
    const add = (op: string, input: string[], attr: TensorFlowNode['attr'] = {}) =>
      void this.add(name, op, input, { T, ...attr })
    if (twins[node.op]) return add(twins[node.op]!, inputs)
    if (isOwn(node.op)) return this.own(node)
    if (reductions[node.op])
      return add(reductions[node.op]!, inputs, { keep_dims: { b: flagOf(node, 'keepdims') } })
    switch (node.op) {
      case 'Sum':
        return inputs.length === 1
          ? add('Identity', inputs)
          : add('AddN', inputs, { N: { i: String(inputs.length) } })
      case 'Where':
        return add('SelectV2', inputs)
      case 'Cast':
        return void this.add(name, 'Cast', inputs, { SrcT: T, DstT: this.typeOf(output) })
      case 'MatMul':
      case 'FusedMatMul':
        return this.product(node)
      case 'Transpose':
        return add('Transpose', [x, this.integers(name, intsOf(node, 'perm'))])
      case 'Concat':
        return add('ConcatV2', [...inputs, this.integers(name, [intOf(node, 'axis')], [])], {
          N: { i: String(inputs.length) },
        })
      case 'Gather':
        return void this.add(name, 'GatherV2', [x, second, this.integers(name, [intOf(node, 'axis')], [])], {
          Tparams: T,
          Tindices: types.int32,
          Taxis: types.int32,
        })
      case 'TopK': {
        const k = Number(this.numbers(node.inputs[1]!)[0])
        this.renamed.set(node.outputs[1]!, `${name}:1`)
        return add('TopKV2', [x, this.integers(name, [k], [])])
      }
      case 'Pad': {
        const pads = this.numbers(node.inputs[1]!)
        const rank = pads.length / 2
        const pairs = pads.slice(0, rank).flatMap((before, axis) => [before, pads[rank + axis]!])
        return add('PadV2', [x, this.integers(name, pairs, [rank, 2]), inputs[2]!])
      }
      case 'Slice':
        return this.slice(node)
      case 'LayerNormalization':
        return this.layerNorm(node)
      case adamKernel:
        return this.adam(node)
      case 'Shape':
        add('Shape', [x], { out_type: types.int32 })
        return this.firstOf(node)
      default:
        throw new Error(`There is no TensorFlow form of ${node.op} here`)
    }
  }

  private typeOf = (value: string) => types[this.graph.values.get(value)!.dtype]

  private numbers = (constant: string) => Array.from(this.graph.constants.get(constant)!.values, Number)

  /** alpha A B, each transposed or not. The factor goes to the smallest of the three. */
  private product(node: Node): void {
    const { op, inputs, outputs } = node
    const flag = (name: string) => ({ b: flagOf(node, name) })
    const alpha = alphaOf(node)
    const name = nodeName(outputs[0]!)
    const scaled = (tensor: string, result: string) =>
      this.add(result, 'Mul', [tensor, this.scalar(`${result}/alpha`, alpha)], { T: types.float32 })
    let operands = inputs.map(this.tensor)
    const turned = flag('transB').b && this.isTurned(inputs[1]!, this.graph.values.get(outputs[0]!)!)
    if (turned) operands[1] = this.turned(inputs[1]!, operands[0]!)
    const sizes = [...inputs, outputs[0]!].map((value) => sizeOf(this.graph.values.get(value)!.shape))
    const smallest = alpha === 1 ? -1 : sizes.indexOf(Math.min(...sizes))
    if (smallest === 0 || smallest === 1) operands[smallest] = scaled(operands[smallest]!, `${name}/scaled`)
    const narrow = op === 'FusedMatMul' && narrowOf(this.factors)
    if (narrow) operands = operands.map((operand) => this.rounded(operand, narrow))
    const T = types[narrow || 'float32']
    const product = smallest === 2 || narrow ? `${name}/product` : name
    if (inputs.every((input) => this.graph.values.get(input)!.shape.length === 2))
      this.add(product, 'MatMul', operands, {
        T,
        transpose_a: flag('transA'),
        transpose_b: { b: flag('transB').b && !turned },
      })
    else this.add(product, 'BatchMatMulV2', operands, { T, adj_x: flag('transA'), adj_y: flag('transB') })
    const float = smallest === 2 ? `${name}/float` : name
    if (narrow) this.add(float, 'Cast', [product], { SrcT: T, DstT: types.float32 })
    if (smallest === 2) scaled(narrow ? float : product, name)
  }

  /** Whether a factor is a weight that many rows are multiplied by: turning it pays for itself. */
  private isTurned(factor: string, { shape }: Value): boolean {
    return shape.length === 2 && shape[0]! >= 512 && this.variables.has(factor)
  }

  /**
   * A weight transposed, once however many products read it. Only when the first has its other factor, or all weights would
   * lie in memory twice.
   */
  private turned(weight: string, factor: string): string {
    return this.once(`${nodeName(weight)}/transposed`, (name) => {
      const input = [this.tensor(weight), this.integers(name, [1, 0]), `^${factor.replace(/:.*/, '')}`]
      this.add(name, 'Transpose', input, { T: types.float32, Tperm: types.int32 })
    })
  }

  /** A kernel of ours, whose outputs are numbered. */
  private own({ op, inputs, outputs, attributes }: Node): void {
    const name = nodeName(outputs[0]!)
    outputs.forEach((output, i) => this.renamed.set(output, i ? `${name}:${i}` : name))
    const attr = mapValues(attributes, (value) =>
      'int' in value ? { i: String(value.int) } : { f: (value as { float: number }).float },
    )
    this.add(name, op, inputs.map(this.tensor), attr)
  }

  /** Changes weight and moments, which are variables, in place, after the weight has decayed. */
  private adam(adam: Node): void {
    const { inputs, outputs } = adam
    const variables = inputs.slice(0, 3).map((input) => this.source(input))
    const part = (which: string) => variables.map((name) => `${nodeName(name)}/${which}`)
    const [handles, reads] = [part('handle'), part('read')]
    const [g, rate, power1, power2, addend, decay] = inputs.slice(3).map(this.tensor)
    const name = nodeName(outputs[0]!)
    const float = { T: types.float32 }
    const reshape = (result: string, tensor: string, sizes: readonly number[]) =>
      this.add(result, 'Reshape', [tensor, this.integers(result, [...sizes])], float)
    const beta = (which: string) => this.scalar(`${name}/${which}`, floatOf(adam, which))
    const decayed =
      decay && this.assign(variables[0]!, this.add(`${name}/kept`, 'Mul', [reads[0]!, decay], float))
    const gradient = reshape(`${name}/gradient`, g!, this.graph.values.get(variables[0]!)!.shape)
    const numbers = [power1!, power2!, rate!, beta('beta1'), beta('beta2'), addend!]
    const before = [...reads, ...(decayed ? [decayed] : [])].map((node) => `^${node}`)
    const node = `${name}/adam`
    this.add(node, 'ResourceApplyAdam', [...handles, ...numbers, gradient, ...before], float)
    outputs.forEach((output, i) => {
      this.inPlace.set(output, { variable: variables[i]!, node })
      const read = [handles[i]!, `^${node}`]
      const value = this.add(`${nodeName(output)}/value`, 'ReadVariableOp', read, { dtype: types.float32 })
      reshape(nodeName(output), value, this.graph.values.get(output)!.shape)
    })
  }

  /** A tensor in 16 bits, once however many products read it. */
  private rounded = (tensor: string, type: Narrow): string =>
    this.once(`${tensor.replace(':', '/')}/${type}`, (name) =>
      this.add(name, 'Cast', [tensor], { SrcT: types.float32, DstT: types[type] }),
    )

  private once(name: string, make: (name: string) => void): string {
    if (!this.made.has(name)) make(name)
    this.made.add(name)
    return name
  }

  /** Shape with an end: the first of the sizes. */
  private firstOf(node: Node): void {
    const whole = this.nodes.pop()!
    const [output] = node.outputs as [string]
    this.nodes.push({ ...whole, name: `${output}/whole` })
    const [begin, size] = [this.integers(`${output}/begin`, [0]), this.integers(`${output}/size`, [1])]
    this.add(output, 'Slice', [`${output}/whole`, begin, size], { T: types.int32, Index: types.int32 })
  }

  /** ONNX names starts, ends and axes; TensorFlow the start and size of every axis, -1 for the rest. */
  private slice(node: Node): void {
    const [x, ...names] = node.inputs as [string, string, string, string]
    const [starts, ends, axes] = names.map(this.numbers)
    const rank = this.graph.values.get(x)!.shape.length
    const begin = Array<number>(rank).fill(0)
    const size = Array<number>(rank).fill(-1)
    axes!.forEach((axis, i) => {
      begin[axis] = starts![i]!
      size[axis] = ends![i]! - starts![i]!
    })
    const output = nodeName(node.outputs[0]!)
    const input = [
      this.tensor(x),
      this.integers(`${output}/begin`, begin),
      this.integers(`${output}/size`, size),
    ]
    this.add(output, 'Slice', input, { T: this.typeOf(x), Index: types.int32 })
  }

  /** y = (x - mean) / sqrt(var + epsilon) * gain + bias over the last axis; answers mean and 1 / deviation too. */
  private layerNorm(node: Node): void {
    const [x, gain, bias] = node.inputs.map(this.tensor) as [string, string, string]
    const [output, mean = `${output}/mean`, inverse = `${output}/inverse`] = node.outputs.map(nodeName)
    const part = (name: string) => `${output}/${name}`
    const add = (name: string, op: string, input: string[], attr: TensorFlowNode['attr'] = {}) =>
      this.add(name, op, input, { T: types.float32, ...attr })
    const axis = this.integers(part('norm'), [-1])
    const keep = { keep_dims: { b: true } }
    const epsilon = this.scalar(part('epsilon'), floatOf(node, 'epsilon'))
    add(mean, 'Mean', [x, axis], keep)
    const centred = add(part('centred'), 'Sub', [x, mean])
    const squared = add(part('squared'), 'Square', [centred])
    const variance = add(part('variance'), 'Mean', [squared, axis], keep)
    const stable = add(part('stable'), 'AddV2', [variance, epsilon])
    add(inverse, 'Rsqrt', [stable])
    const normalised = add(part('normalised'), 'Mul', [centred, inverse])
    const scaled = add(part('scaled'), 'Mul', [normalised, gain])
    add(output!, 'AddV2', [scaled, bias])
  }

  private scalar(name: string, value: number): string {
    return this.constant({ name, shape: [], dtype: 'float32', values: Float32Array.of(value) })
  }

  /** A constant of whole numbers beside a node; answers its name. */
  private integers(beside: string, numbers: number[], shape = [numbers.length]): string {
    return this.constant({
      name: `${beside}/numbers`,
      shape,
      dtype: 'int32',
      values: Int32Array.from(numbers),
    })
  }

  private constant(constant: Constant): string {
    const name = nodeName(constant.name)
    const isLong = constant.dtype === 'int64'
    const values = isLong ? Int32Array.from(constant.values, Number) : constant.values
    this.constants.set(name, { ...constant, name, dtype: isLong ? 'int32' : constant.dtype, values })
    return this.add(name, 'Const', [], { dtype: types[constant.dtype] })
  }
}

/** TensorFlow's names of nodes have neither spaces nor commas. */
const nodeName = (value: string) => value.replaceAll(/[ ,]/g, '_')

export const shapeOf = (sizes: readonly number[]) => ({
  shape: { dim: sizes.map((size) => ({ size: String(size) })) },
})
