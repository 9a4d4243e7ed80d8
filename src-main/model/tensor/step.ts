import type { Tensor } from './tf'

/** A tensor's values on the host, row-major. */
export interface TensorData {
  shape: number[]
  values: Float32Array | Int32Array
}
/** What a step is given at each run. */
export type InputValues = TensorData['values'] | Uint8Array
export type NamedTensorData = Record<string, TensorData>
export type NamedTensors = Record<string, Tensor>

/** How many values a tensor of the shape has. */
export const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

/** Each value changed, under its name. */
export const mapValues = <A, B>(
  record: Record<string, A>,
  change: (value: A, name: string) => B,
): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]))

export interface TensorSpec {
  shape: number[]
  /** Bytes are whole numbers to a step, which can do nothing with them but cast them to float32. */
  dtype: 'float32' | 'int32' | 'uint8'
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
