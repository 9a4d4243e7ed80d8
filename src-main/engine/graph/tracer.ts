import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '#shared/errors'
import { type NamedTensors, sizeOf, type StepFunction, type TensorSpec } from '#model/tensor/step'
import {
  type Attribute,
  type Constant,
  type DataType,
  type Graph,
  type Node,
  sameShape,
  type Value,
} from './ir'
import { type Emit, kernels } from './kernels'

const backendName = 'onnx-tracer'

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
    op: string,
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
    return tf.engine().makeTensorFromDataId(dataId, shape, dtype, this)
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

/** Registers kernels, in place of those of the same names. */
function register(kernels: Record<string, Emit>): void {
  for (const [kernelName, emit] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName)
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) =>
        emit(backend as Tracer, inputs as tf.NamedTensorInfoMap, attrs ?? {}),
    })
  }
}
register(kernels)

/**
 * Records `step` as a graph; its inputs and outputs carry the names of states, inputs and outputs. `own` are kernels that only
 * the engine which asks has operators for.
 */
export function trace(
  step: StepFunction,
  state: Record<string, TensorSpec>,
  inputs: Record<string, TensorSpec>,
  own: Record<string, Emit> = {},
): { graph: Graph; updated: string[]; outputs: string[] } {
  const tracer = new Tracer()
  const before = tf.getBackend()
  tf.registerBackend(backendName, () => tracer)
  tf.setBackend(backendName)
  register(own)
  try {
    return tf.tidy(() => {
      const placeholders = (specs: Record<string, TensorSpec>, name: (n: string) => string): NamedTensors =>
        Object.fromEntries(Object.entries(specs).map(([n, spec]) => [n, tracer.input(name(n), spec)]))
      const result = step(
        placeholders(state, stateInput),
        placeholders(inputs, (n) => n),
      )
      for (const [name, tensor] of Object.entries(result.state ?? {}))
        tracer.output(stateOutput(name), tensor)
      for (const [name, tensor] of Object.entries(result.outputs)) tracer.output(name, tensor)
      return {
        graph: tracer.graph,
        updated: Object.keys(result.state ?? {}),
        outputs: Object.keys(result.outputs),
      } as never
    })
  } catch (error) {
    throw explain(error)
  } finally {
    for (const kernel of Object.keys(own)) tf.unregisterKernel(kernel, backendName)
    register(kernels)
    tf.removeBackend(backendName)
    if (before) tf.setBackend(before)
  }
}

export const stateInput = (name: string) => `state/${name}`
export const stateOutput = (name: string) => `updated/${name}`

/** tfjs says "Kernel 'X' not registered for backend ..."; a person needs the name and what to do. */
function explain(error: unknown): unknown {
  const kernel = /Kernel '(\w+)' not registered/.exec(String(error))?.[1]
  if (!kernel) return error
  return new AppError(
    'unsupported-op',
    `The onnxruntime engine has no form of the operation ${kernel}.`,
    `Add ${kernel} to src-main/engine/onnx/kernels.ts, or write the step without it.`,
  )
}
