import * as tf from '@tensorflow/tfjs-core'
import { sizeOf, type TensorSpec } from '#model/tensor/step'
import {
  type Attribute,
  type Constant,
  type DataType,
  type Graph,
  type Node,
  type Op,
  sameShape,
  type Value,
} from './ir'

/**
 * A tfjs-core backend that computes nothing: each kernel that tfjs runs becomes a node of an ONNX graph.
 * tfjs's own autodiff and any code written with its ops thereby yield one graph for a whole training step.
 */
export class Tracer extends tf.KernelBackend {
  readonly graph: Graph = {
    inputs: [],
    outputs: [],
    nodes: [],
    constants: new Map(),
    values: new Map(),
  }
  /** The value that a tfjs data id stands for. tfjs reshapes share the id, so a tensor's shape may differ. */
  private readonly traced = new Map<tf.DataId, Value>()
  private names = 0

  // ---- what kernels use ------------------------------------------------------------------------------------

  /** The graph's name for a tensor, of the tensor's shape. */
  operand(tensor: tf.TensorInfo): string {
    const value = this.tracedValue(tensor)
    if (sameShape(value.shape, tensor.shape)) return value.name
    return this.node(
      'Reshape',
      [value.name, this.ints(tensor.shape)],
      [{ ...value, shape: tensor.shape }],
    )[0]!
  }

  /** The shape of fewest axes in which one of the tensors was made; they are of one size. */
  plainestShape(tensors: tf.TensorInfo[]): number[] {
    const shapes = tensors.map((tensor) => [...this.tracedValue(tensor).shape])
    return shapes.reduce((plainest, shape) => (shape.length < plainest.length ? shape : plainest))
  }

  /** Adds a node and answers the names of its outputs. */
  node(
    op: Op,
    inputs: string[],
    outputs: { shape: readonly number[]; dtype: DataType }[],
    attributes: Record<string, Attribute> = {},
    domain: Node['domain'] = '',
  ): string[] {
    const names = outputs.map(({ shape, dtype }) => this.declare({ shape, dtype }).name)
    this.graph.nodes.push({ op, domain, inputs, outputs: names, attributes })
    return names
  }

  /** A constant of whole numbers, as shapes, axes and starts are given to ONNX. */
  ints(values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values.map(BigInt)), [values.length], 'int64')
  }

  constant(values: Constant['values'], shape: readonly number[], dtype: DataType): string {
    const value = this.declare({ shape, dtype })
    this.graph.constants.set(value.name, { ...value, values })
    return value.name
  }

  /** The tfjs tensor that stands for the value `name`. */
  tensor(name: string): tf.TensorInfo {
    const value = this.graph.values.get(name)!
    const dataId = {}
    this.traced.set(dataId, value)
    return { dataId, shape: [...value.shape], dtype: value.dtype as tf.DataType }
  }

  // ---- what tracing uses -----------------------------------------------------------------------------------

  input(name: string, { shape, dtype }: TensorSpec): tf.Tensor {
    const value = this.declare({ shape, dtype }, name)
    this.graph.inputs.push(value)
    const dataId = {}
    this.traced.set(dataId, value)
    return tf.engine().makeTensorFromDataId(dataId, shape, dtype === 'uint8' ? 'int32' : dtype, this)
  }

  /** Declares a graph output. A node's own output takes the name; anything else is passed on by Identity. */
  output(name: string, tensor: tf.Tensor): void {
    const operand = this.operand(tensor)
    const { shape, dtype } = this.graph.values.get(operand)!
    this.node('Identity', [operand], [{ shape, dtype }])
    const value = this.declare({ shape, dtype }, name)
    this.graph.nodes.at(-1)!.outputs = [name]
    this.graph.outputs.push(value)
  }

  private tracedValue(tensor: tf.TensorInfo): Value {
    const value = this.traced.get(tensor.dataId)
    if (!value) throw new Error('This tensor was made outside of the traced function.')
    return value
  }

  private declare(value: { shape: readonly number[]; dtype: DataType }, name = `v${this.names++}`): Value {
    const declared = { name, shape: value.shape, dtype: value.dtype }
    this.graph.values.set(name, declared)
    return declared
  }

  // ---- what tfjs asks of a backend -------------------------------------------------------------------------

  override write(values: tf.BackendValues | null, shape: number[], dtype: tf.DataType): tf.DataId {
    const dataId = {}
    const numbers = (values ?? new Float32Array(sizeOf(shape))) as Float32Array
    const typed =
      dtype === 'int32'
        ? Int32Array.from(numbers)
        : dtype === 'bool'
          ? Uint8Array.from(numbers)
          : Float32Array.from(numbers)
    this.traced.set(dataId, this.graph.values.get(this.constant(typed, shape, dtype as DataType))!)
    return dataId
  }

  override move(dataId: tf.DataId, values: tf.BackendValues, shape: number[], dtype: tf.DataType): void {
    this.traced.set(dataId, this.traced.get(this.write(values, shape, dtype))!)
  }

  override readSync(): never {
    throw new Error('A value is not known while a step is traced: the step must not look at its tensors.')
  }

  override read = this.readSync
  override numDataIds = () => this.traced.size
  override disposeData = () => true
  override incRef = () => undefined
  override refCount = () => 1
  override floatPrecision = () => 32 as const
  override epsilon = () => 1e-7
  override dispose = () => undefined
}
