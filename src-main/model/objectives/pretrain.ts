import { type Hyperparameters, patchCount, visiblePatches } from '#shared/settings/hyperparameters'
import { adamw } from '#model/optimizers/adamw'
import { isDecayed } from '#model/optimizers/packing'
import { inBranches } from '#model/tensor/branches'
import { valueAndGradients } from '#model/tensor/gradients'
import { mapValues, type NamedTensors, type StepFunction, type TensorSpec } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { patchesOf, placesOf, sortTokens } from '#model/vit/tokens'
import { objectiveOf, weightShapes } from './index'
import { smooth, target } from './target'

/** Mean over tokens and pixels of the squared (L2) or absolute (L1) difference. */
export const loss = (prediction: tf.Tensor, goal: tf.Tensor, kind: Hyperparameters['loss']): tf.Scalar =>
  tf.mean(difference(prediction, goal, kind)) as tf.Scalar

function difference(prediction: tf.Tensor, goal: tf.Tensor, kind: Hyperparameters['loss']): tf.Tensor {
  const signed = prediction.sub(goal)
  return kind === 'L2' ? signed.square() : signed.abs()
}

/** What the prediction is to be: of the smoothed images' patches, in the order, those that are predicted, [B, n, p·p·3]. */
const goalOf = (h: Hyperparameters, images: tf.Tensor, order: tf.Tensor): tf.Tensor =>
  objectiveOf(h).goal(h, sortTokens(target(smooth(images, h), h).patches, patchesOf(order)))

/**
 * Loss and gradients of one batch, both times `share`. images [B, S, S, 3], order with its inverse [B, 2, N]. In branches they are sums of those
 * of as many parts of the batch.
 */
export function lossAndGradients(
  h: Hyperparameters,
  state: NamedTensors,
  images: tf.Tensor,
  order: tf.Tensor,
  share = 1,
  branches = 1,
): { loss: tf.Tensor; gradients: NamedTensors } {
  if (branches > 1) {
    const count = images.shape[0]!
    const parts = inBranches({ images, order }, branches, ({ images, order }) =>
      lossAndGradients(h, state, images!, order!, (share * images!.shape[0]!) / count),
    )
    return {
      loss: tf.addN(parts.map(({ loss }) => loss)),
      gradients: mapValues(parts[0]!.gradients, (_, name) =>
        tf.addN(parts.map((part) => part.gradients[name]!)),
      ),
    }
  }
  const goal = goalOf(h, images, order)
  const names = Object.keys(weightShapes(h))
  const { value, gradients } = valueAndGradients(
    () => loss(objectiveOf(h).predict(state, h, images, order), goal, h.loss).mul(share),
    names.map((name) => state[name]!),
  )
  return { loss: value, gradients: Object.fromEntries(names.map((name, i) => [name, gradients[i]!])) }
}

/** The whole step: forward, backward, update. */
export const trainStep =
  (h: Hyperparameters, branches = 1): StepFunction =>
  (state, { images, order, learningRate, step }) => {
    const { loss, gradients } = lossAndGradients(h, state, images!, order!, 1, branches)
    const { state: updated, norm } = update(h, state, gradients, learningRate!, step!)
    return { state: updated, outputs: { loss, gradientNorm: norm } }
  }

/**
 * Weights and moments after one update, and the norm of the gradients, which may be of vectors (see `packWeights`).
 * Gradients of a longer norm than `clipGradient` are scaled down to it.
 */
export function update(
  h: Hyperparameters,
  state: NamedTensors,
  gradients: NamedTensors,
  learningRate: tf.Tensor,
  step: tf.Tensor,
) {
  const norm = tf.sqrt(tf.addN(Object.values(gradients).map((g) => tf.sum(tf.square(g)) as tf.Tensor)))
  if (h.clipGradient > 0) {
    const scale = tf.minimum(1, tf.div(h.clipGradient, norm.add(1e-6)))
    gradients = Object.fromEntries(Object.entries(gradients).map(([name, g]) => [name, g.mul(scale)]))
  }
  const decays = (name: string) => isDecayed(name) || gradients[name]!.rank > 1
  return { state: adamw(h, state, gradients, learningRate, step, { decays }), norm }
}

/**
 * Predictions for looking at, in row-major patch order: `prediction` and `target` [B, N, p·p·3], the statistics
 * by which norm_pix divided `patchMean` and `patchDeviation` [B, N, 1], `smoothed` [B, S, S, 3], `patchLoss` [B, N].
 * What an objective does not predict (the patches that MAE's encoder sees) is the target's own.
 */
export const reconstructStep =
  (h: Hyperparameters): StepFunction =>
  (weights, { images, order }) => {
    const smoothed = smooth(images!, h)
    const goal = target(smoothed, h)
    const predicted = objectiveOf(h).predict(weights, h, images!, order!)
    const prediction = sortTokens(withVisible(predicted, goal.patches, h, order!), placesOf(order!))
    return {
      outputs: {
        prediction,
        target: goal.patches,
        patchMean: goal.mean,
        patchDeviation: goal.deviation,
        smoothed,
        patchLoss: difference(prediction, goal.patches, h.loss).mean(2),
      },
    }
  }

/** Predicted patches with the target's own before them where the encoder sees those. In the order, [B, N, p·p·3]. */
function withVisible(
  prediction: tf.Tensor,
  patches: tf.Tensor,
  h: Hyperparameters,
  order: tf.Tensor,
): tf.Tensor {
  const visible = visiblePatches(h)
  if (visible === 0) return prediction
  return tf.concat([sortTokens(patches, patchesOf(order, visible)), prediction], 1)
}

/** The loss of each image of a batch, `losses` [B]. */
export const validationStep =
  (h: Hyperparameters): StepFunction =>
  (weights, { images, order }) => {
    const goal = goalOf(h, images!, order!)
    const prediction = objectiveOf(h).predict(weights, h, images!, order!)
    return { outputs: { losses: tf.mean(difference(prediction, goal, h.loss), [1, 2]) } }
  }

const float = (shape: number[]): TensorSpec => ({ shape, dtype: 'float32' })

/** Inputs of `reconstructStep` and `validationStep`. */
export const imageInputs = (h: Hyperparameters, batch = h.batchSize): Record<string, TensorSpec> => ({
  images: float([batch, h.imageSize, h.imageSize, 3]),
  order: float([batch, 2, patchCount(h)]),
})

/** Inputs of an update beside the gradients. */
export const rateInputs = { learningRate: float([]), step: float([]) }

/** Inputs of `trainStep`. */
export const trainInputs = (h: Hyperparameters) => ({ ...imageInputs(h), ...rateInputs })
