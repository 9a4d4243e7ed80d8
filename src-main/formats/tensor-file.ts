import type { FloatTensor } from './tensors'

/** A file of tensors: what it says of each, and the values of those that are asked for. */
export interface TensorFile {
  tensors: Map<string, TensorDescription>
  /** What a safetensors file says about them. */
  metadata: Record<string, string>
  /** Values as float32, while the file is open. Throws AppError where they are not there. */
  read(name: string): Promise<FloatTensor>
}

export interface TensorDescription {
  shape: number[]
  /** False for whole numbers and others that no weight is. */
  isFloat: boolean
}
