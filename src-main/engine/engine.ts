import type { InputValues, NamedTensorData, StepFunction, TensorSpec } from '#model/tensor/step'
import type { Vectors } from '#model/tensor/vectors'
import type { Precision } from '#shared/settings/precision'

/** Where the model's numbers are kept and its steps are run. */
export interface Engine {
  /** Such as `onnxruntime-cpu`. */
  readonly id: string
  /** What computes, as far as it is known: the CPU's model, `GPU`, the name of a driver. */
  readonly device: Device
  /**
   * Places tensors where the engine computes. Several programs may share a state. A step may read and replace `vectors`
   * instead of the tensors that they are made of, and replaces all tensors of a vector or none. Vectors of tensors that are
   * not in `values` are none.
   */
  createState(values: NamedTensorData, vectors?: Vectors): State
  /** Prepares `step` for inputs of the given shapes, on so many threads where the engine's own number is not wanted. */
  compile(
    step: StepFunction,
    state: State,
    inputs: Record<string, TensorSpec>,
    threads?: number,
  ): Promise<Program>
}

/** How a batch is best divided for a device. */
export interface Division {
  /** Bytes of a tensor up to which a core computes at its fastest, as its caches hold it; infinite where larger is better. */
  fastestBytes: number
  /** How many threads of ours, a core each, can run programs of their own; 1 where a program has all of the device. */
  lanes: number
  /** How many branches of a program that do not need one another run at the same time, a core each. */
  branches: number
}

export interface Device extends Division {
  name: string
  /** A GPU in software: correct, and far slower than the CPU that plays it. */
  software: boolean
  /** Precisions that it multiplies in by itself; others are given to it as operators, for tests. */
  precisions: readonly Precision[]
  /** Values of a vector of several tensors at most: each tensor costs time by itself. 0 where they better stay apart. */
  vectorSize: number
}

/** Whether it computes on the cores that everything else needs too. */
export const sharesCores = ({ software, fastestBytes }: Device): boolean =>
  software || Number.isFinite(fastestBytes)

/** For a device that computes whatever it is given as a whole. */
export const undivided: Division = { fastestBytes: Infinity, lanes: 1, branches: 1 }

export interface State {
  /** Copies of the values, of all tensors or of those tensors and vectors named. */
  read(names?: string[]): Promise<NamedTensorData>
  /** Copies values of tensors and vectors into arrays of their sizes, by their names. */
  copy(into: Record<string, Float32Array>): Promise<void>
  /** Replaces values; shapes must be those of before. */
  write(values: NamedTensorData): Promise<void>
  dispose(): void
}

export interface Program {
  /** Runs the step once, updates the state and answers copies of the outputs. */
  run(inputs: Record<string, InputValues>): Promise<NamedTensorData>
  dispose(): Promise<void>
}
