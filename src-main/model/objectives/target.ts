import * as tf from '#model/tensor/tf'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { patchify } from '#model/vit/tokens'

/** The blur of one axis as a banded matrix [S, S]: row i holds the kernel centred at i, zero beyond the edge. */
function blurMatrix(size: number, kernelSize: number, sigma: number): tf.Tensor {
  const radius = (kernelSize - 1) / 2
  const weights = Array.from({ length: kernelSize }, (_, k) => Math.exp(-(((k - radius) / sigma) ** 2) / 2))
  const sum = weights.reduce((a, b) => a + b)
  const matrix = new Float32Array(size * size)
  for (let i = 0; i < size; i++)
    for (let k = 0; k < kernelSize; k++) {
      const j = i + k - radius
      if (j >= 0 && j < size) matrix[i * size + j] = weights[k]! / sum
    }
  return tf.tensor(matrix, [size, size])
}

/**
 * Gaussian blur with zero padding, of normalised images [B, S, S, 3] (paper, section 3.4). The kernel is
 * separable, so that the blur is K X Kᵀ for each channel.
 */
export function smooth(images: tf.Tensor, h: Pick<Hyperparameters, 'blurSize' | 'blurSigma'>): tf.Tensor {
  if (h.blurSize === 0) return images
  const [batch, size] = images.shape as [number, number]
  const kernel = blurMatrix(size, h.blurSize, h.blurSigma)
  const alongRows = images.transpose([0, 3, 1, 2]).reshape([-1, size]).matMul(kernel, false, true)
  const planes = alongRows
    .reshape([batch * 3, size, size])
    .transpose([0, 2, 1])
    .reshape([-1, size])
  return planes.matMul(kernel, false, true).reshape([batch, 3, size, size]).transpose([0, 3, 2, 1])
}

/** What a patch is predicted as, with the patch's own statistics where they were divided out. */
export interface Target {
  /** [B, N, p·p·3] */
  patches: tf.Tensor
  /** [B, N, 1]; 0 without norm_pix. */
  mean: tf.Tensor
  /** [B, N, 1]; 1 without norm_pix. */
  deviation: tf.Tensor
}

/** Target of smoothed images: patches, under norm_pix (x - mean) / sqrt(var + 1e-6), var unbiased. */
export function target(
  smoothed: tf.Tensor,
  h: Pick<Hyperparameters, 'patchSize' | 'normalizePixels'>,
): Target {
  const patches = patchify(smoothed, h.patchSize)
  const [batch, count, pixels] = patches.shape as [number, number, number]
  if (!h.normalizePixels)
    return { patches, mean: tf.zeros([batch, count, 1]), deviation: tf.ones([batch, count, 1]) }
  const mean = patches.mean(2, true)
  const centred = patches.sub(mean)
  const deviation = centred
    .square()
    .sum(2, true)
    .div(pixels - 1)
    .add(1e-6)
    .sqrt()
  return { patches: centred.div(deviation), mean, deviation }
}
