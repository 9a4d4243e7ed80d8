import { AppError } from '#shared/errors'
import type { NamedTensorData } from '#model/tensor/step'

/** A weight as files keep it. */
export interface FloatTensor {
  shape: number[]
  values: Float32Array
}
export type FloatTensors = Record<string, FloatTensor>

/** The largest difference between tensors of the same names; infinite where names or sizes differ. */
export function largestDifference(a: NamedTensorData, b: NamedTensorData): number {
  let largest = Object.keys(a).length === Object.keys(b).length ? 0 : Infinity
  for (const [name, { values }] of Object.entries(a)) {
    const other = b[name]?.values
    if (other?.length !== values.length) return Infinity
    for (let i = 0; i < values.length; i++) {
      const difference = Math.abs(values[i]! - other[i]!)
      if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference
    }
  }
  return largest
}

/** Matrices or vectors of the same width, one below the other. */
export function stack(parts: FloatTensor[]): FloatTensor {
  const [first] = parts as [FloatTensor]
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.values.length, 0))
  parts.reduce((start, part) => (values.set(part.values, start), start + part.values.length), 0)
  return { shape: [first.shape[0]! * parts.length, ...first.shape.slice(1)], values }
}

/** The opposite of `stack`. */
export function unstack({ shape, values }: FloatTensor, count: number): FloatTensor[] {
  const length = values.length / count
  return Array.from({ length: count }, (_, i) => ({
    shape: [shape[0]! / count, ...shape.slice(1)],
    values: values.slice(i * length, (i + 1) * length),
  }))
}

/** Refuses weights that are no numbers, from which nothing but those would come. Throws AppError not-finite. */
export function requireFinite(weights: FloatTensors, what: string): void {
  for (const [name, { values }] of Object.entries(weights))
    if (!values.every(Number.isFinite))
      throw new AppError(
        'not-finite',
        `${what} cannot be used: ${name} holds values that are not numbers (NaN or infinite).`,
        'Training had failed before it was saved. Choose an earlier one.',
      )
}
