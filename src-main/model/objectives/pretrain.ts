import * as tf from '#model/tensor/tf'
import { type Hyperparameters, visiblePatches } from '#shared/settings/hyperparameters'
import { inBranches } from '#model/tensor/branches'
import { valueAndGradients } from '#model/tensor/gradients'
import {
  mapValues,
  type NamedTensorData,
  type NamedTensors,
  sizeOf,
  type StepFunction,
  type TensorSpec,
} from '#model/tensor/step'
import { joined, type Vectors } from '#model/tensor/vectors'
import { adamw, meanName, varianceName } from '#model/optimizers/adamw'
import { predictHidden } from './mae'
import { forward, placesOf, sortTokens, type Weights } from './saim'
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

/**
 * Loss and gradients of one batch, both times `share`. images [B, S, S, 3], order [B, N]. In branches they are sums of those
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
    () => loss(predict(state, h, images, order), goal, h.loss).mul(share),
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
 * Adds the gradients of some images, `share` of those of an update, to `kept` times the gradients of the state, which are
 * vectors: `kept` is 0 for the first images of an update.
 */
export const accumulateStep =
  (h: Hyperparameters, vectors: Vectors, share: number, branches = 1): StepFunction =>
  (state, { images, order, kept }) => {
    const { loss, gradients } = lossAndGradients(h, state, images!, order!, share, branches)
    const sums = Object.entries(vectors).map(([vector, names]) => {
      const gradient = joined(names.map((name) => gradients[name]!.flatten()))
      return [gradientName(vector), state[gradientName(vector)]!.mul(kept!).add(gradient)]
    })
    return { state: Object.fromEntries(sums), outputs: { loss } }
  }

/**
 * Updates the weights by the accumulated gradients. All are vectors, as `trainingVectors` names them;
 * gradients of `lanes` others, that computed a share of the batch beside this state, are added.
 */
export const updateStep =
  (h: Hyperparameters, vectors: Vectors, lanes = 0): StepFunction =>
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
    const { state: updated, norm } = update(h, state, gradients, inputs['learningRate']!, inputs['step']!)
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
  const decays = (name: string) => name.startsWith(decayed) || gradients[name]!.rank > 1
  return { state: adamw(h, state, gradients, learningRate, step, { decays }), norm }
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
    const prediction = sortTokens(
      withVisible(predict(weights, h, images!, order!), goal.patches, h, order!),
      placesOf(order!),
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
const laneInput = (lane: number, gradient: string) => `lane ${lane}/${gradient}`

const decayed = 'decayed '
/**
 * The weights as few vectors of many values, at most `most` unless a single weight has more, instead of many tensors, some
 * of few. Those that decay are apart from the others.
 */
export function weightVectors(h: Hyperparameters, most: number): Vectors {
  const vectors: Vectors = {}
  for (const [kind, isOfIt] of [
    [decayed, (shape: number[]) => shape.length > 1],
    ['plain ', (shape: number[]) => shape.length < 2],
  ] as const) {
    let [number, size] = [0, 0]
    for (const [name, shape] of Object.entries(weightShapes(h)).filter(([, shape]) => isOfIt(shape))) {
      if (size > 0 && size + sizeOf(shape) > most) [number, size] = [number + 1, 0]
      size += sizeOf(shape)
      ;(vectors[`${kind}${number}`] ??= []).push(name)
    }
  }
  return vectors
}

/** How many values each of those vectors has. */
export function vectorSizes(h: Hyperparameters, vectors: Vectors): Record<string, number> {
  const shapes = weightShapes(h)
  return mapValues(vectors, (names) => names.reduce((sum, name) => sum + sizeOf(shapes[name]!), 0))
}

/** Those vectors of the weights and the same of AdamW's moments. */
export const trainingVectors = (vectors: Vectors): Vectors =>
  Object.fromEntries(
    [(name: string) => name, meanName, varianceName].flatMap((nameOf) =>
      Object.entries(vectors).map(([vector, names]) => [nameOf(vector), names.map(nameOf)]),
    ),
  )

/** What `accumulateStep` adds to: gradients of nothing yet, by vector. */
export const noGradients = (h: Hyperparameters, vectors: Vectors): NamedTensorData =>
  Object.fromEntries(
    Object.entries(vectorSizes(h, vectors)).map(([vector, size]) => [
      gradientName(vector),
      { shape: [size], values: new Float32Array(size) },
    ]),
  )

const float = (shape: number[]): TensorSpec => ({ shape, dtype: 'float32' })

/** Inputs of `reconstructStep` and `validationStep`. */
export const imageInputs = (h: Hyperparameters, batch = h.batchSize): Record<string, TensorSpec> => ({
  images: float([batch, h.imageSize, h.imageSize, 3]),
  order: { shape: [batch, patchCount(h)], dtype: 'int32' },
})

/** Inputs of `accumulateStep` for so many images. */
export const accumulateInputs = (h: Hyperparameters, images: number): Record<string, TensorSpec> => ({
  ...imageInputs(h, images),
  kept: float([]),
})

/** Inputs of `updateStep`. */
export function updateInputs(h: Hyperparameters, vectors: Vectors, lanes = 0): Record<string, TensorSpec> {
  const gradients = Object.entries(vectorSizes(h, vectors)).map(([vector, size]) => [
    gradientName(vector),
    float([size]),
  ])
  return { ...rateInputs, ...laneInputs(Array(lanes).fill(Object.fromEntries(gradients))) }
}

/** What lanes have for each gradient, by vector, under the names of the inputs of `updateStep`. */
export const laneInputs = <T>(lanes: Record<string, T>[]): Record<string, T> =>
  Object.fromEntries(
    lanes.flatMap((gradients, lane) =>
      Object.entries(gradients).map(([gradient, value]) => [laneInput(lane, gradient), value]),
    ),
  )

const rateInputs = { learningRate: float([]), step: float([]) }

/** Inputs of `trainStep`. */
export const trainInputs = (h: Hyperparameters) => ({ ...imageInputs(h), ...rateInputs })
