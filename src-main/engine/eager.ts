import {
  type InputValues,
  mapValues,
  type NamedTensorData,
  type NamedTensors,
  type StepFunction,
  type TensorData,
  type TensorSpec,
} from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { type Vectors, withVectors } from '#model/tensor/vectors'
import type { Device, Engine, Program, State } from './engine'

/** Runs steps op by op on a backend of tfjs that computes. */
export class EagerEngine implements Engine {
  /** `backend` is the name under which tfjs knows it. */
  constructor(
    readonly id: string,
    private readonly backend: string,
    readonly device: Device,
  ) {}

  createState = (values: NamedTensorData, vectors: Vectors = {}) => new EagerState(values, vectors, this.on)

  compile = async (
    step: StepFunction,
    state: State,
    inputs: Record<string, TensorSpec>,
  ): Promise<Program> => {
    const { vectors } = state as EagerState
    return new EagerProgram(withVectors(step, vectors), state as EagerState, inputs, this.on)
  }

  /** Other engines of the process have backends of their own. */
  private on = <T>(work: () => T): T => {
    tf.setBackend(this.backend)
    return work()
  }
}

class EagerState implements State {
  private readonly values = new Map<string, tf.Tensor>()

  constructor(
    initial: NamedTensorData,
    readonly vectors: Vectors,
    private readonly on: <T>(work: () => T) => T,
  ) {
    this.replace(on(() => mapValues(initial, tensorOf)))
  }

  tensors = (): NamedTensors => Object.fromEntries(this.values)

  /** Takes tensors in place of those of the same names. */
  replace(tensors: NamedTensors) {
    for (const [name, tensor] of Object.entries(tensors)) {
      this.values.get(name)?.dispose()
      this.values.set(name, tensor)
    }
  }

  async read(names = [...this.values.keys()]): Promise<NamedTensorData> {
    return this.on(() => Object.fromEntries(names.map((name) => [name, dataOf(this.values.get(name)!)])))
  }

  async copy(into: Record<string, Float32Array>): Promise<void> {
    for (const [name, { values }] of Object.entries(await this.read(Object.keys(into))))
      into[name]!.set(values)
  }

  async write(values: NamedTensorData): Promise<void> {
    this.on(() => this.replace(mapValues(values, tensorOf)))
  }

  dispose() {
    this.on(() => this.values.forEach((tensor) => tensor.dispose()))
    this.values.clear()
  }
}

class EagerProgram implements Program {
  constructor(
    private readonly step: StepFunction,
    private readonly state: EagerState,
    private readonly inputs: Record<string, TensorSpec>,
    private readonly on: <T>(work: () => T) => T,
  ) {}

  async run(inputs: Record<string, InputValues>): Promise<NamedTensorData> {
    return this.on(() => {
      const { state, outputs } = tf.tidy(() => {
        const given = mapValues(this.inputs, ({ shape }, name) => tensorOf({ shape, values: inputs[name]! }))
        const { state = {}, outputs } = this.step(this.state.tensors(), given)
        // Handles of our own: a step may hand on a tensor of the state itself, or one under two names.
        const own = (tensor: tf.Tensor) => tf.clone(tensor)
        return { state: mapValues(state, own), outputs: mapValues(outputs, own) } as never
      }) as { state: NamedTensors; outputs: NamedTensors }
      this.state.replace(state)
      const read = mapValues(outputs, dataOf)
      tf.dispose(outputs)
      return read
    })
  }

  dispose = async () => undefined
}

const tensorOf = ({ shape, values }: { shape: number[]; values: InputValues }): tf.Tensor =>
  tf.tensor(values.slice(), shape, values instanceof Float32Array ? 'float32' : 'int32')

const dataOf = (tensor: tf.Tensor): TensorData => ({
  shape: tensor.shape,
  values: tensor.dataSync<'float32' | 'int32'>().slice(),
})
