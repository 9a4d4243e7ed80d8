import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { FineTuneSettings } from '#shared/settings/evaluation'
import { normals, purposes } from '#shared/random'
import type { NamedTensorData, NamedTensors, StepFunction, TensorSpec } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { adamw } from '#model/optimizers/adamw'
import { layerScale } from '#model/optimizers/layer-decay'
import { crossEntropy, mixImages } from '#model/augment/mixing'
import { encode } from '#model/vit/encoder'
import { linear, norm, type Weights } from '#model/vit/layers'
import { pool } from '#model/vit/pool'
import { weightShapes } from '#model/objectives/index'

type Classifier = Pick<FineTuneSettings, 'pooling'>

/** Encoder, pooled tokens, LayerNorm, linear layer (paper, Table 7). images [B, S, S, 3] -> logits [B, classes]. */
export function classify(
  w: Weights,
  h: Hyperparameters,
  { pooling }: Classifier,
  images: tf.Tensor,
  pathFactors?: tf.Tensor,
): tf.Tensor {
  const features = pool(encode(w, h, images, { pathFactors }).at(-1)!, pooling)
  const logits = linear(w, 'head', norm(w, 'fc_norm', features).expandDims(1))
  return logits.reshape([images.shape[0]!, -1])
}

/** Whether a weight of pre-training belongs to the encoder, which is all that recognition takes of it. */
const ofEncoder = (name: string) => /^(cls_token|pos_embed|patch_embed\.|blocks\.)/.test(name)

/** The encoder's weights with a new LayerNorm and a new linear layer, normal with deviation 2e-5 as the authors'. */
export function classifierWeights(
  pretrained: NamedTensorData,
  h: Hyperparameters,
  classes: number,
  seed: number,
): NamedTensorData {
  const encoder = Object.entries(pretrained).filter(([name]) => ofEncoder(name))
  const head = normals(seed, purposes.weights, Object.keys(weightShapes(h)).length, 0, classes * h.width)
  return {
    ...Object.fromEntries(encoder),
    'fc_norm.weight': { shape: [h.width], values: new Float32Array(h.width).fill(1) },
    'fc_norm.bias': { shape: [h.width], values: new Float32Array(h.width) },
    'head.weight': { shape: [classes, h.width], values: Float32Array.from(head, (z) => 2e-5 * z) },
    'head.bias': { shape: [classes], values: new Float32Array(classes) },
  }
}

/** One step of fine-tuning: mixed images, soft targets, AdamW with layer-wise decay of the learning rate. */
export const fineTuneStep =
  (h: Hyperparameters, s: FineTuneSettings, names: string[]): StepFunction =>
  (state, { images, mask, targets, kept, learningRate, step }) => {
    const mixed = mixImages(images!, mask!)
    const { value, grads } = tf.valueAndGrads((...tensors) => {
      const weights = Object.fromEntries(names.map((name, i) => [name, tensors[i]!]))
      return crossEntropy(classify(weights, h, s, mixed, kept), targets!)
    })(names.map((name) => state[name]!))
    const gradients: NamedTensors = Object.fromEntries(names.map((name, i) => [name, grads[i]!]))
    const scaleOf = (name: string) => layerScale(name, h.depth, s.layerDecay)
    return {
      state: adamw(s, state, gradients, learningRate!, step!, { scaleOf }),
      outputs: { loss: value },
    }
  }

const float = (shape: number[]): TensorSpec => ({ shape, dtype: 'float32' })

/** Inputs of `fineTuneStep` for images of side `size`. */
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
  learningRate: float([]),
  step: float([]),
})

/** Logits of images as they are, as output `rows`; input images [B, S, S, 3]. */
export const classifyStep =
  (h: Hyperparameters, s: Classifier): StepFunction =>
  (weights, { images }) => ({ outputs: { rows: classify(weights, h, s, images!) } })
