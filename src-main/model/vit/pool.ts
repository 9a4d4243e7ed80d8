import type * as tf from '#model/tensor/tf'

/** What of an image's tokens is its feature: the mean of the patch tokens, or the class token. */
export type Pooling = 'mean' | 'class'

/** Tokens [B, 1+N, C] -> those of the patches, [B, N, C]. */
export const patchTokens = (tokens: tf.Tensor): tf.Tensor => tokens.slice([0, 1, 0], [-1, -1, -1])

/** Tokens [B, 1+N, C] -> features [B, C]. */
export const pool = (tokens: tf.Tensor, pooling: Pooling): tf.Tensor =>
  pooling === 'mean'
    ? patchTokens(tokens).mean(1)
    : tokens.slice([0, 0, 0], [-1, 1, -1]).reshape([tokens.shape[0]!, -1])
