import { mapValues, type NamedTensors, sizeOf, type StepFunction } from './step'
import * as tf from './tf'

/** Tensors of a state that are also one vector [values], one after another, by the vector's name. */
export type Vectors = Record<string, string[]>

/** How many values each vector of tensors of these shapes has. */
export const vectorSizes = (shapes: Record<string, number[]>, vectors: Vectors): Record<string, number> =>
  mapValues(vectors, (names) => names.reduce((sum, name) => sum + sizeOf(shapes[name]!), 0))

/** Tensors one after another; a single one as it is. */
export const joined = (tensors: tf.Tensor[]): tf.Tensor =>
  tensors.length === 1 ? tensors[0]! : tf.concat(tensors)

/** For states that keep their tensors apart: a step that reads and replaces `vectors` as one that does so with their tensors. */
export const withVectors =
  (step: StepFunction, vectors: Vectors): StepFunction =>
  (state, inputs) => {
    const all: NamedTensors = { ...state }
    for (const [name, members] of Object.entries(vectors))
      Object.defineProperty(all, name, {
        get: () => joined(members.map((member) => state[member]!.flatten())),
      })
    const { state: updated = {}, outputs } = step(all, inputs)
    const parts = Object.entries(updated).map(([name, value]): NamedTensors => {
      const members = vectors[name]
      if (!members) return { [name]: value }
      const shapes = members.map((member) => state[member]!.shape)
      const pieces = members.length === 1 ? [value] : tf.split(value, shapes.map(sizeOf))
      return Object.fromEntries(members.map((member, i) => [member, pieces[i]!.reshape(shapes[i]!)]))
    })
    return { state: Object.assign({}, ...parts), outputs }
  }
