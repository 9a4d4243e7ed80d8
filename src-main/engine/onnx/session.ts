import { InferenceSession, type Tensor } from 'onnxruntime-node'
import { cpus } from 'node:os'
import path from 'node:path'
import type { NamedTensorData, StepFunction, TensorSpec } from '#model/tensor/step'
import { type Vectors, withVectors } from '#model/tensor/vectors'
import { type Device, type Engine, type Program, type State, undivided } from '#engine/engine'
import { requireCuda } from './cuda'
import { encodeModel } from './encode'
import type { Graph } from '#engine/graph/ir'
import { lower } from '#engine/graph/lowering'
import { optimise, sumsAsProducts, transposeFirst } from '#engine/graph/passes'
import { dataOf, OnnxState, tensorOf } from './state'
import { stateInput, stateOutput, trace } from '#engine/graph/tracer'
import { findWebgpuDevice, useDriver } from './vulkan'

/** What computes: onnxruntime's own kernels on the processor, or those of a provider for a device. */
export type Provider = 'cpu' | 'webgpu' | 'dml' | 'coreml' | 'cuda'

export interface OnnxOptions {
  /** Threads on the processor; 0 takes all cores. */
  threads: number
  /** A folder for a record of what each operator took and where it ran, written when a program is disposed. */
  profile?: string
}

/** As many as caches hold with what an update makes of them. */
const vectorSize = 2 ** 18

/** The processor with `threads`, 0 for all: what a core's caches hold with room to spare, as test/bench/step found it. */
export const processor = (threads: number): Device => ({
  name: cpus()[0]?.model ?? 'processor',
  software: false,
  fastestBytes: 4e6,
  lanes: threads || cpus().length,
  branches: 1,
  vectorSize,
})

/** The `onnxruntime` engine: a step becomes one graph, which a session of onnxruntime runs. */
export class OnnxEngine implements Engine {
  readonly device: Device
  private readonly keepsOnDevice: boolean

  constructor(
    readonly id: string,
    private readonly provider: Provider,
    private readonly options: OnnxOptions,
  ) {
    if (provider === 'webgpu') {
      const { name, software, driver } = findWebgpuDevice()
      if (driver) useDriver(driver)
      this.device = { name, software, ...undivided, vectorSize }
    } else if (provider === 'cpu') this.device = processor(options.threads)
    else this.device = { name: 'GPU', software: false, ...undivided, vectorSize }
    // Only for WebGPU can Node's binding of onnxruntime hold tensors on the device.
    this.keepsOnDevice = provider === 'webgpu'
  }

  createState = (values: NamedTensorData, vectors: Vectors = {}) =>
    new OnnxState(values, vectors, this.keepsOnDevice)

  async compile(
    step: StepFunction,
    state: State,
    inputs: Record<string, TensorSpec>,
    threads = this.options.threads,
  ): Promise<Program> {
    const buffers = state as OnnxState
    if (this.keepsOnDevice) await buffers.moveToDevice()
    const { graph, updated, outputs } = trace(withVectors(step, buffers.apart), buffers.specs(), inputs)
    const session = await this.open(this.fit(optimise(graph)), threads, updated.length > 0)
    return new OnnxProgram(session, buffers, updated, outputs, inputs, Boolean(this.options.profile))
  }

  /** A GPU in software is slower by far at matrix products than the processor that plays it. */
  private fit(graph: Graph): Graph {
    if (this.provider === 'cpu') return transposeFirst(sumsAsProducts(graph))
    const fused = this.provider === 'cuda' || this.provider === 'dml'
    return fused || this.device.software ? graph : lower(graph)
  }

  private async open(graph: Graph, threads: number, trains: boolean): Promise<InferenceSession> {
    const { profile } = this.options
    if (this.provider === 'cuda') requireCuda()
    return InferenceSession.create(encodeModel(graph), {
      executionProviders: [this.provider],
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
      // A planned pattern takes half as much memory again and saves no time that could be measured.
      enableMemPattern: false,
      // What is beyond finds next to nothing in a training step, whose backward pass reads what a fusion would hide, and
      // takes two thirds of the time of compiling.
      graphOptimizationLevel: trains && this.provider === 'cpu' ? 'basic' : 'all',
      extra: {
        session: { set_denormal_as_zero: '1' },
        // It would undo transposeFirst, and for GPUs what lower does.
        optimization: { disable_specified_optimizers: 'MatmulTransposeFusion' },
      },
      ...(profile ? { enableProfiling: true, profileFilePrefix: path.join(profile, 'step') } : {}),
    })
  }
}

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
