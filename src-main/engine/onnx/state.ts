import type { InferenceSession, Tensor } from 'onnxruntime-node'
import {
  type InputValues,
  mapValues,
  type NamedTensorData,
  sizeOf,
  type TensorData,
  type TensorSpec,
} from '#model/tensor/step'
import type { Vectors } from '#model/tensor/vectors'
import type { State } from '#engine/engine'
import { encodeModel } from './encode'
import { onnxruntime } from './runtime'
import { stateInput, trace } from '#engine/graph/trace'

type Tensors = Record<string, Tensor>

/** Sessions that made buffers on the device. Those live no longer than the session, so that it must stay. */
const owners: InferenceSession[] = []

/** Tensors in buffers of onnxruntime: on the host, or with WebGPU on the device. */
export class OnnxState implements State {
  /** What is swapped together, by the name of each tensor and vector in it. */
  private readonly blocks = new Map<string, Block>()
  private readonly names: string[]
  /** Vectors whose tensors lie apart: a device cannot share memory between them. */
  readonly apart: Vectors
  private onDevice = false

  constructor(values: NamedTensorData, vectors: Vectors, forDevice: boolean) {
    this.names = Object.keys(values)
    this.apart = forDevice ? vectors : {}
    const isHere = ([, members]: [string, string[]]) => members.every((name) => values[name])
    const together = forDevice ? {} : Object.fromEntries(Object.entries(vectors).filter(isHere))
    for (const [vector, members] of Object.entries(together))
      this.place(layOut(pick(values, members), vector))
    const inVectors = new Set(Object.values(together).flat())
    const alone = this.names.filter((name) => !inVectors.has(name))
    for (const name of alone) this.place({ [name]: tensorOf(copyOf(values[name]!)) })
  }

  private place(current: Tensors, next?: Tensors) {
    const block = new Block(current, next)
    for (const name of Object.keys(current)) this.blocks.set(name, block)
  }

  specs(): Record<string, TensorSpec> {
    return Object.fromEntries(
      [...this.blocks.keys()].map((name) => {
        const { dims, type } = this.current(name)
        return [name, { shape: [...dims], dtype: type as TensorSpec['dtype'] }]
      }),
    )
  }

  current = (name: string) => this.blocks.get(name)!.current[name]!
  next = (name: string) => this.blocks.get(name)!.next[name]!

  /** What was written becomes current, of all that lies together with `names`. */
  swap(names: string[]) {
    for (const block of new Set(names.map((name) => this.blocks.get(name)!))) block.swap()
  }

  /** Puts both buffers of every tensor where WebGPU computes; steps then move only their inputs and outputs. */
  async moveToDevice(): Promise<void> {
    if (this.onDevice || this.blocks.size === 0) return
    const values = await this.read()
    this.onDevice = true
    await this.upload(values)
  }

  async read(names = this.names): Promise<NamedTensorData> {
    const tensors = Object.fromEntries(names.map((name) => [name, this.current(name)]))
    // onnxruntime refuses a graph of nothing.
    if (!this.onDevice || names.length === 0) return mapValues(tensors, dataOf)
    const session = await this.openCarrier(names, 'cpu')
    const values = mapValues(await carry(session, tensors), dataOf)
    await session.release()
    return values
  }

  async copy(into: Record<string, Float32Array>): Promise<void> {
    const names = Object.keys(into)
    const values = this.onDevice ? mapValues(await this.read(names), ({ values }) => values) : undefined
    for (const name of names) into[name]!.set(values?.[name] ?? (this.current(name).data as Float32Array))
  }

  async write(values: NamedTensorData): Promise<void> {
    if (this.onDevice) return this.upload(values)
    for (const [name, { values: data }] of Object.entries(values))
      (this.current(name).data as Float32Array).set(data)
  }

  dispose() {
    for (const block of new Set(this.blocks.values())) block.dispose()
    this.blocks.clear()
  }

  private async upload(values: NamedTensorData): Promise<void> {
    const tensors = mapValues(values, tensorOf)
    const session = await this.openCarrier(Object.keys(values), 'gpu-buffer')
    owners.push(session)
    const [current, next] = [await carry(session, tensors), await carry(session, tensors)]
    for (const name of Object.keys(values)) {
      this.blocks.get(name)!.dispose()
      this.place({ [name]: current[name]! }, { [name]: next[name]! })
    }
  }

  /** A graph that hands on its inputs, and so copies them to the device or from it. */
  private openCarrier(names: string[], to: 'cpu' | 'gpu-buffer'): Promise<InferenceSession> {
    const { graph } = trace((state) => ({ outputs: state }), pick(this.specs(), names), {})
    return onnxruntime().InferenceSession.create(encodeModel(graph), {
      executionProviders: ['webgpu'],
      preferredOutputLocation: to,
      logSeverityLevel: 3,
    })
  }
}

/** Tensors in two buffers, so that a step reads the one while it writes the other. The other is made when it is needed. */
class Block {
  constructor(
    public current: Tensors,
    private other?: Tensors,
  ) {}

  get next(): Tensors {
    return (this.other ??= twinsOf(this.current))
  }

  swap() {
    ;[this.current, this.other] = [this.next, this.current]
  }

  dispose() {
    for (const tensor of [...Object.values(this.current), ...Object.values(this.other ?? {})])
      tensor.dispose()
  }
}

/** Copies of tensors one after another in memory, with the vector that they are together. */
function layOut(values: NamedTensorData, vector: string): Tensors {
  const sizes = Object.values(values).map(({ shape }) => sizeOf(shape))
  const all = new Float32Array(sizes.reduce((a, b) => a + b, 0))
  let end = 0
  const tensors = mapValues(values, ({ shape, values: data }) => {
    const part = all.subarray(end, (end += data.length))
    part.set(data)
    return tensorOf({ shape, values: part })
  })
  return { ...tensors, [vector]: tensorOf({ shape: [all.length], values: all }) }
}

/** Tensors of the same shapes that lie to one another as these do. */
function twinsOf(tensors: Tensors): Tensors {
  const whole = Object.values(tensors).at(-1)!.data as Float32Array | Int32Array
  const twin = whole.slice()
  return mapValues(tensors, ({ data, dims }) => {
    const { byteOffset, length } = data as Float32Array
    const start = (byteOffset - whole.byteOffset) / whole.BYTES_PER_ELEMENT
    return tensorOf({ shape: [...dims], values: twin.subarray(start, start + length) })
  })
}

const carry = async (session: InferenceSession, tensors: Tensors) =>
  (await session.run(
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [stateInput(name), tensor])),
  )) as Tensors

/** onnxruntime's binding takes no shared memory: bytes, which lie in it, are copied. */
export function tensorOf({ values, shape }: { values: InputValues; shape: number[] }): Tensor {
  const { Tensor } = onnxruntime()
  if (values instanceof Uint8Array) return new Tensor('uint8', values.slice(), shape)
  return values instanceof Int32Array
    ? new Tensor('int32', values, shape)
    : new Tensor('float32', values, shape)
}

const copyOf = ({ shape, values }: TensorData): TensorData => ({ shape, values: values.slice() })

export const dataOf = (tensor: Tensor) =>
  copyOf({ shape: [...tensor.dims], values: tensor.data as Float32Array | Int32Array })

const pick = <T>(record: Record<string, T>, names: string[]): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, record[name]!]))
