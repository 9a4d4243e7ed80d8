import * as tf from '../ops/tf'
import { type Hyperparameters, visiblePatches } from '../../src-shared/hyperparameters'
import { valueAndGradients } from '../ops/gradients'
import type { NamedTensorData, NamedTensors, StepFunction, TensorSpec } from '../ops/step'
import { adamw, meanName, varianceName } from './adamw'
import { predictHidden } from './mae'
import { forward, sortTokens, type Weights } from './model'
import { patchCount } from './order'
import { smooth, target } from './target'
import { weightShapes } from './weights'

/** Mean over tokens and pixels of the squared (L2) or absolute (L1) difference. */
export const loss = (prediction: tf.Tensor, goal: tf.Tensor, kind: Hyperparameters['loss']): tf.Scalar =>
  tf.mean(difference(prediction, goal, kind)) as tf.Scalar

function difference(prediction: tf.Tensor, goal: tf.Tensor, kind: Hyperparameters['loss']): tf.Tensor {
  const signed = prediction.sub(goal)
  return kind === 'L2' ? signed.square() : signed.abs()
}

/** What the objective predicts of images [B, S, S, 3]: all patches or, of MAE, the hidden ones; in the order, [B, n, p·p·3]. */
const predict = (w: Weights, h: Hyperparameters, images: tf.Tensor, order: tf.Tensor): tf.Tensor =>
  h.objective === 'mae' ? predictHidden(w, h, images, order) : forward(w, h, images, order).prediction

/** What that prediction is to be, [B, n, p·p·3]. */
function goalOf(h: Hyperparameters, images: tf.Tensor, order: tf.Tensor): tf.Tensor {
  const sorted = sortTokens(target(smooth(images, h), h).patches, order)
  const visible = visiblePatches(h)
  return visible ? sorted.slice([0, visible, 0], [-1, -1, -1]) : sorted
}

/** Loss and gradients of one batch, both times `share`. images [B, S, S, 3], order [B, N]. */
export function lossAndGradients(
  h: Hyperparameters,
  state: NamedTensors,
  images: tf.Tensor,
  order: tf.Tensor,
  share = 1,
) {
  const goal = goalOf(h, images, order)
  const names = Object.keys(weightShapes(h))
  const { value, gradients } = valueAndGradients(
    () => loss(predict(state, h, images, order), goal, h.loss).mul(share),
    names.map((name) => state[name]!),
  )
  return { loss: value, gradients: Object.fromEntries(names.map((name, i) => [name, gradients[i]!])) }
}

/** The whole step: forward, backward, update. */
export const trainStep =
  (h: Hyperparameters): StepFunction =>
  (state, { images, order, learningRate, step }) => {
    const { loss, gradients } = lossAndGradients(h, state, images!, order!)
    const { state: updated, norm } = update(h, state, gradients, learningRate!, step!)
    return { state: updated, outputs: { loss, gradientNorm: norm } }
  }

/** Adds the gradients of some images to those kept; they are `share` of the images of an update. */
export const accumulateStep =
  (h: Hyperparameters, share: number): StepFunction =>
  (state, { images, order }) => {
    const { loss, gradients } = lossAndGradients(h, state, images!, order!, share)
    const sums = Object.entries(gradients).map(([name, g]) => [
      gradientName(name),
      state[gradientName(name)]!.add(g),
    ])
    return { state: Object.fromEntries(sums), outputs: { loss } }
  }

/** Updates the weights by the accumulated gradients and clears those. */
export const updateStep =
  (h: Hyperparameters): StepFunction =>
  (state, { learningRate, step }) => {
    const names = Object.keys(weightShapes(h))
    const gradients = Object.fromEntries(names.map((name) => [name, state[gradientName(name)]!]))
    const { state: updated, norm } = update(h, state, gradients, learningRate!, step!)
    for (const name of names) updated[gradientName(name)] = tf.zeros(gradients[name]!.shape)
    return { state: updated, outputs: { gradientNorm: norm } }
  }

function update(
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
  return { state: adamw(h, state, gradients, learningRate, step), norm }
}

/**
 * Predictions for looking at, in row-major patch order: `prediction` and `target` [B, N, p·p·3], the statistics
 * by which norm_pix divided `patchMean` and `patchDeviation` [B, N, 1], `smoothed` [B, S, S, 3], `patchLoss` [B, N].
 * What the encoder of MAE sees is not predicted: those patches are the target's own.
 */
export const reconstructStep =
  (h: Hyperparameters): StepFunction =>
  (weights, { images, order }) => {
    const smoothed = smooth(images!, h)
    const goal = target(smoothed, h)
    const place = tf.topk(tf.neg(order!), patchCount(h)).indices // the inverse of the order
    const prediction = sortTokens(
      withVisible(predict(weights, h, images!, order!), goal.patches, h, order!),
      place,
    )
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
  return tf.concat([sortTokens(patches, order.slice([0, 0], [-1, visible])), prediction], 1)
}

/** The loss of each image of a batch, `losses` [B]. */
export const validationStep =
  (h: Hyperparameters): StepFunction =>
  (weights, { images, order }) => {
    const goal = goalOf(h, images!, order!)
    const prediction = predict(weights, h, images!, order!)
    return { outputs: { losses: tf.mean(difference(prediction, goal, h.loss), [1, 2]) } }
  }

const gradientName = (weight: string) => `gradient/${weight}`

/** Weights with all that training keeps beside them: AdamW's moments, and gradients where they `accumulate`. */
export function trainingState(
  weights: NamedTensorData,
  { accumulate }: { accumulate: boolean },
): NamedTensorData {
  const state = { ...weights }
  for (const [name, { shape, values }] of Object.entries(weights)) {
    state[meanName(name)] = { shape, values: new Float32Array(values.length) }
    state[varianceName(name)] = { shape, values: new Float32Array(values.length) }
    if (accumulate) state[gradientName(name)] = { shape, values: new Float32Array(values.length) }
  }
  return state
}

const float = (shape: number[]): TensorSpec => ({ shape, dtype: 'float32' })

/** Inputs of `reconstructStep`, `validationStep` and, with as many images as a part has, `accumulateStep`. */
export const imageInputs = (h: Hyperparameters, batch = h.batchSize): Record<string, TensorSpec> => ({
  images: float([batch, h.imageSize, h.imageSize, 3]),
  order: { shape: [batch, patchCount(h)], dtype: 'int32' },
})

export const updateInputs = (): Record<string, TensorSpec> => ({ learningRate: float([]), step: float([]) })

/** Inputs of `trainStep`. */
export const trainInputs = (h: Hyperparameters) => ({ ...imageInputs(h), ...updateInputs() })
