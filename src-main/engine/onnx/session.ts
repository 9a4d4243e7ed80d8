import { InferenceSession, Tensor } from 'onnxruntime-node'
import path from 'node:path'
import type { NamedTensorData, StepFunction, TensorData, TensorSpec } from '../../ops/step'
import type { Device, Engine, Program, State } from '../engine'
import { encodeModel } from './encode'
import type { Graph } from './graph'
import { lower } from './lowering'
import { optimise, sumsAsProducts } from './passes'
import { stateInput, stateOutput, trace } from './tracer'
import { findWebgpuDevice, useDriver } from './vulkan'

/** What computes: onnxruntime's own kernels on the processor, or those of a provider for a device. */
export type Provider = 'cpu' | 'webgpu' | 'dml' | 'coreml' | 'cuda'

export interface OnnxOptions {
  /** Threads on the processor; 0 takes all cores. */
  threads: number
  /** A folder for a record of what each operator took and where it ran, written when a program is disposed. */
  profile?: string
}

/** What the caches of today's processors hold with room to spare, as test/bench/step found it. */
export const processorFastestBytes = 8e6

/** The `onnxruntime` engine: a step becomes one graph, which a session of onnxruntime runs. */
export class OnnxEngine implements Engine {
  readonly device: Device

  constructor(
    readonly id: string,
    private readonly provider: Provider,
    private readonly options: OnnxOptions,
  ) {
    if (provider === 'webgpu') {
      const { name, software, driver } = findWebgpuDevice()
      if (driver) useDriver(driver)
      this.device = { name, software, fastestBytes: Infinity }
    } else if (provider === 'cpu')
      this.device = { name: 'processor', software: false, fastestBytes: processorFastestBytes }
    else this.device = { name: 'GPU', software: false, fastestBytes: Infinity }
  }

  createState = (values: NamedTensorData) => new OnnxState(values)

  async compile(step: StepFunction, state: State, inputs: Record<string, TensorSpec>): Promise<Program> {
    const buffers = state as OnnxState
    // Only for WebGPU can Node's binding of onnxruntime hold tensors on the device.
    if (this.provider === 'webgpu') await buffers.moveToDevice()
    const { graph, updated, outputs } = trace(step, buffers.specs(), inputs)
    const session = await this.open(this.fit(optimise(graph)))
    return new OnnxProgram(session, buffers, updated, outputs, inputs, Boolean(this.options.profile))
  }

  /** A GPU in software is slower by far at matrix products than the processor that plays it. */
  private fit(graph: Graph): Graph {
    if (this.provider === 'cpu') return sumsAsProducts(graph)
    const fused = this.provider === 'cuda' || this.provider === 'dml'
    return fused || this.device.software ? graph : lower(graph)
  }

  private open(graph: Graph): Promise<InferenceSession> {
    const { threads, profile } = this.options
    return InferenceSession.create(encodeModel(graph), {
      executionProviders: [this.provider],
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
      // A planned pattern takes half as much memory again and saves no time that could be measured.
      enableMemPattern: false,
      extra: { session: { set_denormal_as_zero: '1' } },
      ...(profile ? { enableProfiling: true, profileFilePrefix: path.join(profile, 'step') } : {}),
    })
  }
}

/** Sessions that made buffers on the device. Those live no longer than the session, so that it must stay. */
const owners: InferenceSession[] = []

/** A tensor in two buffers, so that a step reads the one while it writes the other. */
interface DoubleBuffer {
  current: Tensor
  next: Tensor
}

class OnnxState implements State {
  private readonly buffers = new Map<string, DoubleBuffer>()
  private onDevice = false

  constructor(values: NamedTensorData) {
    for (const [name, data] of Object.entries(values))
      this.buffers.set(name, { current: tensorOf(copyOf(data)), next: tensorOf(copyOf(data)) })
  }

  specs(): Record<string, TensorSpec> {
    return Object.fromEntries(
      [...this.buffers].map(([name, { current }]) => [
        name,
        { shape: [...current.dims], dtype: current.type as TensorSpec['dtype'] },
      ]),
    )
  }

  current = (name: string) => this.buffers.get(name)!.current
  next = (name: string) => this.buffers.get(name)!.next

  swap(names: string[]) {
    for (const name of names) {
      const { current, next } = this.buffers.get(name)!
      this.buffers.set(name, { current: next, next: current })
    }
  }

  /** Puts both buffers of every tensor where WebGPU computes; steps then move only their inputs and outputs. */
  async moveToDevice(): Promise<void> {
    if (this.onDevice || this.buffers.size === 0) return
    const values = await this.read()
    this.onDevice = true
    await this.upload(values)
  }

  async read(names = [...this.buffers.keys()]): Promise<NamedTensorData> {
    const tensors = Object.fromEntries(names.map((name) => [name, this.current(name)]))
    if (!this.onDevice) return mapValues(tensors, dataOf)
    const session = await this.openCarrier(names, 'cpu')
    const values = mapValues(await carry(session, tensors), dataOf)
    await session.release()
    return values
  }

  async write(values: NamedTensorData): Promise<void> {
    if (this.onDevice) return this.upload(values)
    for (const [name, { values: data }] of Object.entries(values))
      (this.current(name).data as Float32Array).set(data)
  }

  dispose() {
    for (const { current, next } of this.buffers.values()) {
      current.dispose()
      next.dispose()
    }
    this.buffers.clear()
  }

  private async upload(values: NamedTensorData): Promise<void> {
    const tensors = mapValues(values, tensorOf)
    const session = await this.openCarrier(Object.keys(values), 'gpu-buffer')
    owners.push(session)
    const [current, next] = [await carry(session, tensors), await carry(session, tensors)]
    for (const name of Object.keys(values)) {
      this.current(name).dispose()
      this.next(name).dispose()
      this.buffers.set(name, { current: current[name]!, next: next[name]! })
    }
  }

  /** A graph that hands on its inputs, and so copies them to the device or from it. */
  private openCarrier(names: string[], to: 'cpu' | 'gpu-buffer'): Promise<InferenceSession> {
    const specs = this.specs()
    const carried = Object.fromEntries(names.map((name) => [name, specs[name]!]))
    const { graph } = trace((state) => ({ outputs: state }), carried, {})
    return InferenceSession.create(encodeModel(graph), {
      executionProviders: ['webgpu'],
      preferredOutputLocation: to,
      logSeverityLevel: 3,
    })
  }
}

const carry = async (session: InferenceSession, tensors: Record<string, Tensor>) =>
  (await session.run(
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [stateInput(name), tensor])),
  )) as Record<string, Tensor>

class OnnxProgram implements Program {
  /** The states that the graph reads; onnxruntime refuses inputs that it does not know. */
  private readonly reads: string[]

  constructor(
    private readonly session: InferenceSession,
    private readonly state: OnnxState,
    private readonly updated: string[],
    private readonly outputs: string[],
    private readonly inputs: Record<string, TensorSpec>,
    private readonly profiles: boolean,
  ) {
    const known = new Set(session.inputNames)
    this.reads = Object.keys(state.specs()).filter((name) => known.has(stateInput(name)))
  }

  async run(inputs: Record<string, Float32Array | Int32Array>): Promise<NamedTensorData> {
    const feeds: Record<string, Tensor> = {}
    for (const name of this.reads) feeds[stateInput(name)] = this.state.current(name)
    for (const name of this.session.inputNames) {
      const spec = this.inputs[name]
      if (spec) feeds[name] = tensorOf({ shape: spec.shape, values: inputs[name]! })
    }
    const fetches: Record<string, Tensor | null> = {}
    for (const name of this.updated) fetches[stateOutput(name)] = this.state.next(name)
    for (const name of this.outputs) fetches[name] = null

    const results = await this.session.run(feeds, fetches)
    this.state.swap(this.updated)
    return Object.fromEntries(this.outputs.map((name) => [name, dataOf(results[name] as Tensor)]))
  }

  async dispose() {
    if (this.profiles) this.session.endProfiling()
    await this.session.release()
  }
}

const tensorOf = ({ values, shape }: TensorData) =>
  values instanceof Int32Array ? new Tensor('int32', values, shape) : new Tensor('float32', values, shape)

const copyOf = ({ shape, values }: TensorData): TensorData => ({ shape, values: values.slice() })

const dataOf = (tensor: Tensor) =>
  copyOf({ shape: [...tensor.dims], values: tensor.data as Float32Array | Int32Array })

const mapValues = <A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
