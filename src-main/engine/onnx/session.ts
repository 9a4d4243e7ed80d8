import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { NamedTensorData, StepFunction, TensorSpec } from '../../ops/step'
import type { Engine, Program, State } from '../engine'
import { encodeModel } from './encode'
import { optimise } from './passes'
import { stateInput, stateOutput, trace } from './tracer'

/** The `onnxruntime` engine on the processor. `threads` 0 lets onnxruntime take all cores. */
export class OnnxEngine implements Engine {
  readonly id = 'onnxruntime-cpu'

  constructor(private readonly threads: number) {}

  createState = (values: NamedTensorData) => new OnnxState(values)

  async compile(step: StepFunction, state: State, inputs: Record<string, TensorSpec>): Promise<Program> {
    const buffers = state as OnnxState
    const { graph, updated, outputs } = trace(step, buffers.specs(), inputs)
    const session = await InferenceSession.create(encodeModel(optimise(graph)), {
      executionProviders: ['cpu'],
      intraOpNumThreads: this.threads,
      logSeverityLevel: 3,
      // A planned pattern takes half as much memory again and saves no time that could be measured.
      enableMemPattern: false,
      extra: { session: { set_denormal_as_zero: '1' } },
    })
    return new OnnxProgram(session, buffers, updated, outputs, inputs)
  }
}

/** A tensor in two buffers, so that a step reads the one while it writes the other. */
interface DoubleBuffer {
  current: Tensor
  next: Tensor
}

class OnnxState implements State {
  private readonly buffers = new Map<string, DoubleBuffer>()

  constructor(values: NamedTensorData) {
    for (const [name, { shape, values: data }] of Object.entries(values))
      this.buffers.set(name, { current: tensorOf(data.slice(), shape), next: tensorOf(data.slice(), shape) })
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

  async read(names = [...this.buffers.keys()]): Promise<NamedTensorData> {
    return Object.fromEntries(names.map((name) => [name, dataOf(this.current(name))]))
  }

  async write(values: NamedTensorData): Promise<void> {
    for (const [name, { values: data }] of Object.entries(values))
      (this.current(name).data as Float32Array).set(data)
  }

  dispose() {
    this.buffers.clear()
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
  ) {
    const known = new Set(session.inputNames)
    this.reads = Object.keys(state.specs()).filter((name) => known.has(stateInput(name)))
  }

  async run(inputs: Record<string, Float32Array | Int32Array>): Promise<NamedTensorData> {
    const feeds: Record<string, Tensor> = {}
    for (const name of this.reads) feeds[stateInput(name)] = this.state.current(name)
    for (const name of this.session.inputNames)
      if (this.inputs[name]) feeds[name] = tensorOf(inputs[name]!, this.inputs[name].shape)

    const fetches: Record<string, Tensor | null> = {}
    for (const name of this.updated) fetches[stateOutput(name)] = this.state.next(name)
    for (const name of this.outputs) fetches[name] = null

    const results = await this.session.run(feeds, fetches)
    this.state.swap(this.updated)
    return Object.fromEntries(this.outputs.map((name) => [name, dataOf(results[name] as Tensor)]))
  }

  dispose = () => this.session.release()
}

const tensorOf = (values: Float32Array | Int32Array, shape: number[]) =>
  values instanceof Int32Array ? new Tensor('int32', values, shape) : new Tensor('float32', values, shape)

const dataOf = (tensor: Tensor) => ({
  shape: [...tensor.dims],
  values: (tensor.data as Float32Array | Int32Array).slice(),
})
