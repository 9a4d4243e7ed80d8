import { fused, hasKernel } from './fused'
import * as tf from './tf'

export const attentionKernel = 'Attention'
export const attentionGradientKernel = 'AttentionGradient'

/**
 * What a token sees: all, row i the rows 0 .. i, or what a tensor [T, S] says that is added to the scores: 0, and a number
 * far below 0 for what is not seen.
 */
export type Mask = null | 'causal' | tf.Tensor

interface AttentionOptions {
  heads: number
  mask: Mask
  /** Is given how much each row attends to each column, [B, heads, T, S]. */
  onAttention?: ((probabilities: tf.Tensor) => void) | undefined
}

/** softmax(q kᵀ / √D + mask) v by heads of D = C / heads columns. q [B, T, C], k and v [B, S, C] -> [B, T, C]. */
export function scaledDotProductAttention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  options: AttentionOptions,
): tf.Tensor {
  const { heads, mask, onAttention } = options
  const isForKernel = !onAttention && (mask === null || mask === 'causal')
  if (isForKernel && hasKernel(attentionKernel)) return byKernel(q, k, v, heads, mask)
  return composed(q, k, v, options)
}

function composed(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { heads, mask, onAttention }: AttentionOptions,
): tf.Tensor {
  const [batch, length, width] = q.shape as [number, number, number]
  const split = (t: tf.Tensor) => t.reshape([batch, -1, heads, width / heads]).transpose([0, 2, 1, 3])
  const scores = tf.matMul(split(q), split(k), false, true).mul(Math.sqrt(heads / width)) // [B, heads, T, S]
  const added = mask === 'causal' ? causalMask(length) : mask
  const probabilities = tf.softmax(added ? scores.add(added) : scores)
  onAttention?.(probabilities)
  const mixed = tf.matMul(probabilities, split(v)) // [B, heads, T, D]
  return mixed.transpose([0, 2, 1, 3]).reshape([batch, length, width])
}

/** Row i sees rows 0 .. i: 0 on and below the diagonal, -infinity (as a large number) above it. [T, T] */
function causalMask(length: number): tf.Tensor {
  const mask = new Float32Array(length * length)
  for (let i = 0; i < length; i++) mask.fill(-1e9, i * length + i + 1, (i + 1) * length)
  return tf.tensor(mask, [length, length])
}

/** By kernels that take rows of all images, [B T, C] and [B S, C], and leave out what is not seen. */
function byKernel(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, heads: number, mask: null | 'causal'): tf.Tensor {
  const [images, , width] = q.shape as [number, number, number]
  const attributes = { heads, images, causal: mask === 'causal' ? 1 : 0 }
  const mix = tf.customGrad((...parameters) => {
    const [q, k, v, save] = parameters as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const [mixed, probabilities] = fused(attentionKernel, { q, k, v }, attributes) as [tf.Tensor, tf.Tensor]
    save([q, k, v, probabilities])
    const gradFunc = (dMixed: tf.Tensor, saved: tf.Tensor[]) => {
      const [q, k, v, probabilities] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
      return fused(attentionGradientKernel, { dMixed, q, k, v, probabilities }, attributes)
    }
    return { value: mixed, gradFunc }
  })
  const [rowsOfQ, ...others] = [q, k, v].map((t) => t.reshape([-1, width])) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ]
  return mix(rowsOfQ, ...others).reshape(q.shape)
}
