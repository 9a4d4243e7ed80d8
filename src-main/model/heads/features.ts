import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { NamedTensorData, StepFunction } from '#model/tensor/step'
import type * as tf from '#model/tensor/tf'
import { encode } from '#model/vit/encoder'
import { norm, type Weights } from '#model/vit/layers'
import { pool, type Pooling } from '#model/vit/pool'

interface Chosen {
  pooling: Pooling
  /** Counted from 1; 0 is the last. */
  block?: number
}

/**
 * What a head sees of images [B, S, S, 3]: the class token through the pre-trained `norm`, or the mean of the patch tokens
 * through a new LayerNorm, `fc_norm`; [B, C]. The table of positions is among the weights where it was trained.
 */
export function headFeatures(
  w: Weights,
  h: Hyperparameters,
  { pooling, block = 0 }: Chosen,
  images: tf.Tensor,
  pathFactors?: tf.Tensor,
): tf.Tensor {
  const positions = 'pos_embed' in w ? 'learned' : 'fixed'
  const tokens = encode(w, { ...h, positions }, images, { pathFactors }).at(block - 1)!
  // Classifiers of earlier versions have a new LayerNorm for the class token, too.
  return norm(w, 'fc_norm.weight' in w ? 'fc_norm' : 'norm', pool(tokens, pooling))
}

/** The LayerNorm of a pooling: that of pre-training, or a new one. */
export const normOf = (
  pretrained: NamedTensorData,
  { width }: Hyperparameters,
  pooling: Pooling,
): NamedTensorData =>
  pooling === 'class'
    ? { 'norm.weight': pretrained['norm.weight']!, 'norm.bias': pretrained['norm.bias']! }
    : {
        'fc_norm.weight': { shape: [width], values: new Float32Array(width).fill(1) },
        'fc_norm.bias': { shape: [width], values: new Float32Array(width) },
      }

/** `headFeatures` as output `rows`. */
export const headFeaturesStep =
  (h: Hyperparameters, chosen: Chosen): StepFunction =>
  (w, { images }) => ({ outputs: { rows: headFeatures(w, h, chosen, images!) } })
