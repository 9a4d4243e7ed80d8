import { sizeOf } from '#model/tensor/step'
import type { Vectors } from '#model/tensor/vectors'
import { meanName, varianceName } from './adamw'

const decayed = 'decayed '

/** Whether the weights of a vector decay. */
export const isDecayed = (vector: string) => vector.startsWith(decayed)

/**
 * Weights as few vectors of many values, at most `most` unless a single weight has more, instead of many tensors, some of
 * few. Those that decay are apart from the others.
 */
export function packWeights(shapes: Record<string, number[]>, most: number): Vectors {
  const vectors: Vectors = {}
  for (const [kind, isOfIt] of [
    [decayed, (shape: number[]) => shape.length > 1],
    ['plain ', (shape: number[]) => shape.length < 2],
  ] as const) {
    let [number, size] = [0, 0]
    for (const [name, shape] of Object.entries(shapes).filter(([, shape]) => isOfIt(shape))) {
      if (size > 0 && size + sizeOf(shape) > most) [number, size] = [number + 1, 0]
      size += sizeOf(shape)
      ;(vectors[`${kind}${number}`] ??= []).push(name)
    }
  }
  return vectors
}

/** Those vectors of the weights and the same of AdamW's moments. */
export const withMomentVectors = (vectors: Vectors): Vectors =>
  Object.fromEntries(
    [(name: string) => name, meanName, varianceName].flatMap((nameOf) =>
      Object.entries(vectors).map(([vector, names]) => [nameOf(vector), names.map(nameOf)]),
    ),
  )
