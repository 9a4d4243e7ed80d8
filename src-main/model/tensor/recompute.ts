import { fused } from './fused'
import { valueAndGradients } from './gradients'
import { mapValues, type NamedTensors } from './step'
import * as tf from './tf'

export const afterKernel = 'After'

/** What a function is computed of, all that it reads: tensors that it reaches otherwise may be gone the second time. */
export interface Ingredients {
  inputs: NamedTensors
  weights: NamedTensors
  /** Need no gradients, as the factors of drop path do not. */
  fixed: NamedTensors
}

/**
 * f of the ingredients, of which nothing else is kept for the backward pass: that computes f once more (Chen et al. 2016,
 * "Training deep nets with sublinear memory cost"). f reads all inputs and weights.
 *
 * An engine that is given the whole step at once is told the order: f anew after the gradient of its value, or the engine
 * would find that it has it already and keep it; and weights' gradients before those of anything further back, or it could
 * leave them to the end, with all that they are computed of.
 */
export function recompute(f: (ingredients: Ingredients) => tf.Tensor, ingredients: Ingredients): tf.Tensor {
  const inputs = Object.values(ingredients.inputs)
  const weights = Object.values(ingredients.weights)
  const once = tf.customGrad((...parameters) => {
    const save = parameters.at(-1) as tf.GradSaveFunc
    save([...inputs, ...weights, ...Object.values(ingredients.fixed)])
    return {
      value: f(ingredients),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const next = saved.values()
        const again = (tensors: NamedTensors) => mapValues(tensors, () => next.next().value!)
        const restored: Ingredients = {
          inputs: mapValues(again(ingredients.inputs), (x) => after(x, [dy])),
          weights: again(ingredients.weights),
          fixed: again(ingredients.fixed),
        }
        const xs = [...Object.values(restored.inputs), ...Object.values(restored.weights)]
        const { gradients } = valueAndGradients(() => f(restored), xs, dy)
        const ofWeights = gradients.slice(inputs.length)
        return [...gradients.slice(0, inputs.length).map((dx) => after(dx, ofWeights)), ...ofWeights]
      },
    }
  })
  return once(...inputs, ...weights)
}

/** x, which is not to be had before `others` are computed. Without effect where ops are computed as they are called. */
export const after = (x: tf.Tensor, others: tf.Tensor[]): tf.Tensor =>
  fused(afterKernel, { ...Object.fromEntries(others.entries()), x }, {}, () => [x])[0]!
