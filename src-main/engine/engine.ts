import type { Tensor } from '@tensorflow/tfjs-core'

/** A tensor's values on the host, row-major. */
export interface TensorData {
  shape: number[]
  values: Float32Array | Int32Array
}
export type NamedTensorData = Record<string, TensorData>
export type NamedTensors = Record<string, Tensor>

export interface TensorSpec {
  shape: number[]
  dtype: 'float32' | 'int32'
}

/**
 * A function written with tfjs-core ops. It is called once, while an engine traces it, or at every step.
 * `state` holds what lives between steps (weights, moments); what it returns under `state` replaces those
 * entries, the others stay.
 */
export type StepFunction = (
  state: NamedTensors,
  inputs: NamedTensors,
) => { state?: NamedTensors; outputs: NamedTensors }

/** Where the model's numbers are kept and its steps are run. */
export interface Engine {
  /** Such as `onnxruntime-cpu`. */
  readonly id: string
  /** Places tensors where the engine computes. Several programs may share a state. */
  createState(values: NamedTensorData): State
  /** Prepares `step` for inputs of the given shapes. */
  compile(step: StepFunction, state: State, inputs: Record<string, TensorSpec>): Promise<Program>
}

export interface State {
  /** Copies of the values, all or those named. */
  read(names?: string[]): Promise<NamedTensorData>
  /** Replaces values; shapes must be those of before. */
  write(values: NamedTensorData): Promise<void>
  dispose(): void
}

export interface Program {
  /** Runs the step once, updates the state and answers copies of the outputs. */
  run(inputs: Record<string, Float32Array | Int32Array>): Promise<NamedTensorData>
  dispose(): Promise<void>
}
