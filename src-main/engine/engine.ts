import type { NamedTensorData, StepFunction, TensorSpec } from '../ops/step'

/** Where the model's numbers are kept and its steps are run. */
export interface Engine {
  /** Such as `onnxruntime-cpu`. */
  readonly id: string
  /** What computes, as far as it is known: `processor`, `GPU`, the name of a driver. */
  readonly device: Device
  /** Places tensors where the engine computes. Several programs may share a state. */
  createState(values: NamedTensorData): State
  /** Prepares `step` for inputs of the given shapes. */
  compile(step: StepFunction, state: State, inputs: Record<string, TensorSpec>): Promise<Program>
}

export interface Device {
  name: string
  /** A GPU that a processor plays: right, and far slower than that processor by itself. */
  software: boolean
  /** Bytes of a tensor up to which it computes at its fastest, as its caches hold it; infinite where larger is better. */
  fastestBytes: number
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
