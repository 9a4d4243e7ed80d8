import { AppError } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { FineTuneSettings } from '#shared/settings/evaluation'
import { normals, purposes } from '#shared/random'
import type { NamedTensorData, NamedTensors, StepFunction, TensorSpec } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { adamw } from '#model/optimizers/adamw'
import { layerScale } from '#model/optimizers/layer-decay'
import { crossEntropy, mixImages } from '#model/augment/mixing'
import { isEncoderName } from '#model/vit/encoder'
import { linear, type Weights } from '#model/vit/layers'
import { interpolateTable, positionTable } from '#model/vit/positions'
import { weightShapes } from '#model/objectives/index'
import { headFeatures, normOf } from './features'

type Classifier = Pick<FineTuneSettings, 'pooling'>

/** `headFeatures`, then a linear layer (paper, Table 7). images [B, S, S, 3] -> logits [B, classes]. */
export function classify(
  w: Weights,
  h: Hyperparameters,
  { pooling }: Classifier,
  images: tf.Tensor,
  pathFactors?: tf.Tensor,
): tf.Tensor {
  const logits = linear(w, 'head', headFeatures(w, h, { pooling }, images, pathFactors).expandDims(1))
  return logits.reshape([images.shape[0]!, -1])
}

/**
 * What fine-tuning begins with: the encoder's weights; the table of positions for images of side `size`, fixed or not in
 * pre-training; the norm of the pooling; a linear layer, normal with deviation 2e-5 as the authors'.
 */
export function classifierWeights(
  pretrained: NamedTensorData,
  h: Hyperparameters,
  { pooling, size, classes, seed }: Classifier & { size: number; classes: number; seed: number },
): NamedTensorData {
  const { cls_token, ...encoder } = Object.fromEntries(
    Object.entries(pretrained).filter(([name]) => isEncoderName(name)),
  )
  const grid = size / h.patchSize
  const learned = encoder['pos_embed']?.values as Float32Array | undefined
  const table = learned ?? positionTable(h.imageSize / h.patchSize, h.width)
  const head = normals(seed, purposes.weights, Object.keys(weightShapes(h)).length, 0, classes * h.width)
  return {
    cls_token: cls_token!,
    ...encoder,
    pos_embed: { shape: [1, 1 + grid ** 2, h.width], values: interpolateTable(table, h.width, grid) },
    ...normOf(pretrained, h, pooling),
    'head.weight': { shape: [classes, h.width], values: Float32Array.from(head, (z) => 2e-5 * z) },
    'head.bias': { shape: [classes], values: new Float32Array(classes) },
  }
}

/**
 * A weight's share of the learning rate and its decay: none for vectors, the class token, registers and the positions. In pre-training
 * the class token decays.
 */
export const groupOf = (
  name: string,
  rank: number,
  { depth }: Pick<Hyperparameters, 'depth'>,
  { layerDecay, weightDecay }: Pick<FineTuneSettings, 'layerDecay' | 'weightDecay'>,
) => ({
  share: layerScale(name, depth, layerDecay),
  decay: rank > 1 && !['cls_token', 'register_tokens', 'pos_embed'].includes(name) ? weightDecay : 0,
})

/** Loss and gradients of one batch: mixed images, soft targets. */
function lossAndGradients(
  h: Hyperparameters,
  s: Classifier,
  names: string[],
  state: NamedTensors,
  { images, mask, targets, kept }: NamedTensors,
): { loss: tf.Scalar; gradients: NamedTensors } {
  const mixed = mixImages(images!, mask!)
  const { value, grads } = tf.valueAndGrads((...tensors) => {
    const weights = Object.fromEntries(names.map((name, i) => [name, tensors[i]!]))
    return crossEntropy(classify(weights, h, s, mixed, kept), targets!)
  })(names.map((name) => state[name]!))
  return { loss: value, gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!])) }
}

/** AdamW with layer-wise decay of the learning rate. */
const update = (
  h: Hyperparameters,
  s: FineTuneSettings,
  state: NamedTensors,
  gradients: NamedTensors,
  { learningRate, step }: NamedTensors,
) => {
  const group = (name: string) => groupOf(name, gradients[name]!.rank, h, s)
  return adamw(s, state, gradients, learningRate!, step!, {
    scaleOf: (name) => group(name).share,
    decays: (name) => group(name).decay > 0,
  })
}

/** The gradients of one batch by the names of their weights, and the loss. */
export const fineTuneGradientStep =
  (h: Hyperparameters, s: Classifier, names: string[]): StepFunction =>
  (state, inputs) => {
    const { loss, gradients } = lossAndGradients(h, s, names, state, inputs)
    return { outputs: { loss, ...gradients } }
  }

/** One step of fine-tuning. */
export const fineTuneStep =
  (h: Hyperparameters, s: FineTuneSettings, names: string[]): StepFunction =>
  (state, inputs) => {
    const { loss, gradients } = lossAndGradients(h, s, names, state, inputs)
    return { state: update(h, s, state, gradients, inputs), outputs: { loss } }
  }

const sumName = (weight: string) => `gradient/${weight}`

/** What `accumulateFineTuneStep` adds to, for these weights. */
export const gradientSums = (weights: NamedTensorData): NamedTensorData =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { shape, values }]) => [
      sumName(name),
      { shape, values: new Float32Array(values.length) },
    ]),
  )

/** Adds `share` of the gradients of one batch to `carried` times those so far: `carried` is 0 for the first of an update. */
export const accumulateFineTuneStep =
  (h: Hyperparameters, s: Classifier, names: string[], share: number): StepFunction =>
  (state, inputs) => {
    const { loss, gradients } = lossAndGradients(h, s, names, state, inputs)
    const sums = names.map((name) => [
      sumName(name),
      state[sumName(name)]!.mul(inputs['carried']!).add(gradients[name]!.mul(share)),
    ])
    return { state: Object.fromEntries(sums), outputs: { loss } }
  }

/** One update by the gradients that were added up. */
export const updateFineTuneStep =
  (h: Hyperparameters, s: FineTuneSettings, names: string[]): StepFunction =>
  (state, inputs) => {
    const gradients = Object.fromEntries(names.map((name) => [name, state[sumName(name)]!]))
    return { state: update(h, s, state, gradients, inputs), outputs: {} }
  }

const float = (shape: number[]): TensorSpec => ({ shape, dtype: 'float32' })

/** A batch of images of side `size`. */
export const fineTuneInputs = (
  h: Hyperparameters,
  s: FineTuneSettings,
  size: number,
  classes: number,
): Record<string, TensorSpec> => ({
  images: float([s.batchSize, size, size, 3]),
  mask: float([size, size]),
  targets: float([s.batchSize, classes]),
  kept: float([h.depth, 2, s.batchSize]),
})

/** Inputs of an update: `fineTuneStep` takes them beside those of a batch. */
export const fineTuneRates: Record<string, TensorSpec> = { learningRate: float([]), step: float([]) }

/** What `accumulateFineTuneStep` takes beside the inputs of a batch. */
export const fineTuneCarried: Record<string, TensorSpec> = { carried: float([]) }

/** Logits of images as they are, as output `rows`; input images [B, S, S, 3]. */
export const classifyStep =
  (h: Hyperparameters, s: Classifier): StepFunction =>
  (weights, { images }) => ({ outputs: { rows: classify(weights, h, s, images!) } })

/** Side of the images to classify. Throws AppError bad-settings where it is not a multiple of the patch size. */
export function imageSizeOf(h: Hyperparameters, s: Pick<FineTuneSettings, 'imageSize'>): number {
  const size = s.imageSize || h.imageSize
  if (size % h.patchSize)
    throw new AppError(
      'bad-settings',
      `The image size ${size} is not a multiple of the patch size ${h.patchSize}.`,
      `Choose ${Math.max(1, Math.round(size / h.patchSize)) * h.patchSize}.`,
    )
  return size
}
