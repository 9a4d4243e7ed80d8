import {
  mapValues,
  type NamedTensorData,
  type NamedTensors,
  type StepFunction,
  type TensorSpec,
} from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { joined, type Vectors } from '#model/tensor/vectors'

/** Loss and gradients of some images. */
type GradientsOf = (state: NamedTensors, inputs: NamedTensors) => { loss: tf.Tensor; gradients: NamedTensors }

/** Updates a state by gradients, which may be of vectors; answers the new state and the norm of the gradients. */
type Update = (
  state: NamedTensors,
  gradients: NamedTensors,
  inputs: NamedTensors,
) => { state: NamedTensors; norm: tf.Tensor }

/**
 * Adds the gradients of some images to `kept` times the gradients of the state, which are vectors: `kept` is 0 for the
 * first images of an update.
 */
export const accumulateStep =
  (gradientsOf: GradientsOf, vectors: Vectors): StepFunction =>
  (state, inputs) => {
    const { loss, gradients } = gradientsOf(state, inputs)
    const sums = Object.entries(vectors).map(([vector, names]) => {
      const gradient = joined(names.map((name) => gradients[name]!.flatten()))
      return [gradientName(vector), state[gradientName(vector)]!.mul(inputs['kept']!).add(gradient)]
    })
    return { state: Object.fromEntries(sums), outputs: { loss } }
  }

/** Inputs of `accumulateStep` beside those of the images. */
export const accumulateInputs: Record<string, TensorSpec> = { kept: { shape: [], dtype: 'float32' } }

/**
 * Updates the weights by the accumulated gradients. All are vectors; gradients of `lanes` others, that computed a share of
 * the batch beside this state, are added.
 */
export const updateStep =
  (update: Update, vectors: Vectors, lanes: number): StepFunction =>
  (state, inputs) => {
    const gradients = Object.fromEntries(
      Object.keys(vectors).map((vector) => {
        const others = Array.from(
          { length: lanes },
          (_, lane) => inputs[laneInput(lane, gradientName(vector))]!,
        )
        return [vector, tf.addN([state[gradientName(vector)]!, ...others])]
      }),
    )
    const { state: updated, norm } = update(state, gradients, inputs)
    return { state: updated, outputs: { gradientNorm: norm } }
  }

/** Inputs of `updateStep` beside those of the update, for vectors of these sizes. */
export function laneSpecs(sizes: Record<string, number>, lanes: number): Record<string, TensorSpec> {
  const specs = mapValues(noGradients(sizes), ({ shape }): TensorSpec => ({ shape, dtype: 'float32' }))
  return laneInputs(Array<typeof specs>(lanes).fill(specs))
}

/** What lanes have for each gradient, by vector, under the names of the inputs of `updateStep`. */
export const laneInputs = <T>(lanes: Record<string, T>[]): Record<string, T> =>
  Object.fromEntries(
    lanes.flatMap((gradients, lane) =>
      Object.entries(gradients).map(([gradient, value]) => [laneInput(lane, gradient), value]),
    ),
  )

/** What `accumulateStep` adds to: gradients of nothing yet, for vectors of these sizes. */
export const noGradients = (sizes: Record<string, number>): NamedTensorData =>
  Object.fromEntries(
    Object.entries(sizes).map(([vector, size]) => [
      gradientName(vector),
      { shape: [size], values: new Float32Array(size) },
    ]),
  )

const gradientName = (vector: string) => `gradient/${vector}`
const laneInput = (lane: number, gradient: string) => `lane ${lane}/${gradient}`
