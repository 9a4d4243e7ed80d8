import type { InferenceSession, Tensor } from 'onnxruntime-node'
import path from 'node:path'
import type { Precision } from '#shared/settings/precision'
import { forbidTf32 } from '#engine/cuda'
import type { Device, Engine, Program, State } from '#engine/engine'
import type { Graph } from '#engine/graph/ir'
import { rewrite } from '#engine/graph/passes/index'
import { stateInput, stateOutput, trace } from '#engine/graph/trace'
import type { InputValues, NamedTensorData, StepFunction, TensorSpec } from '#model/tensor/step'
import { type Vectors, withVectors } from '#model/tensor/vectors'
import { encodeModel } from './encode'
import { type ProviderName, providers } from './providers'
import { onnxruntime } from './runtime'
import { dataOf, OnnxState, tensorOf } from './state'

export interface OnnxOptions {
  /** Threads on the CPU; 0 takes all cores. */
  threads: number
  /** A folder for a record of what each operator took and where it ran, written when a program is disposed. */
  profile?: string
  precision?: Precision
}

/** The `onnxruntime` engine: a step becomes one graph, which a session of onnxruntime runs. */
export class OnnxEngine implements Engine {
  readonly device: Device

  constructor(
    readonly id: string,
    private readonly provider: ProviderName,
    private readonly options: OnnxOptions,
  ) {
    if (provider === 'cuda' && this.precision === 'float32') forbidTf32()
    this.device = providers[provider].device(options.threads)
  }

  private get precision(): Precision {
    return this.options.precision ?? 'float32'
  }

  createState = (values: NamedTensorData, vectors: Vectors = {}) =>
    new OnnxState(values, vectors, providers[this.provider].keepsOnDevice)

  async compile(
    step: StepFunction,
    state: State,
    inputs: Record<string, TensorSpec>,
    threads = this.options.threads,
  ): Promise<Program> {
    const buffers = state as OnnxState
    if (providers[this.provider].keepsOnDevice) await buffers.moveToDevice()
    const { graph, updated, outputs } = trace(withVectors(step, buffers.apart), buffers.specs(), inputs)
    const { passes, products } = providers[this.provider]
    const rewritten = rewrite(graph, [...passes(this.device), products(this.precision)])
    const session = await this.open(rewritten, threads, updated.length > 0)
    return new OnnxProgram(session, buffers, updated, outputs, inputs, Boolean(this.options.profile))
  }

  private async open(graph: Graph, threads: number, trains: boolean): Promise<InferenceSession> {
    const { profile } = this.options
    const { require, optimization } = providers[this.provider]
    require?.()
    return onnxruntime().InferenceSession.create(encodeModel(graph), {
      executionProviders: [this.provider],
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
      // A planned pattern takes half as much memory again and saves no time that could be measured.
      enableMemPattern: false,
      graphOptimizationLevel: trains ? optimization : 'all',
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

  async run(inputs: Record<string, InputValues>): Promise<NamedTensorData> {
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
