import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { NamedTensors, StepFunction } from '#model/tensor/step'
import type * as tf from '#model/tensor/tf'
import { encode } from '#model/vit/encoder'
import { patchTokens, pool, type Pooling } from '#model/vit/pool'

/** What is read from an encoder's tokens [B, 1+N, C]: [B, C] each, [B, N, C] of the patch tokens. */
const readings = {
  classToken: (tokens: tf.Tensor) => pool(tokens, 'class'),
  pooled: (tokens: tf.Tensor) => pool(tokens, 'mean'),
  patchTokens,
}
export type Reading = keyof typeof readings

/** The reading that a pooling stands for. */
export const readingOf: Record<Pooling, Reading> = { mean: 'pooled', class: 'classToken' }

/**
 * Features of images [B, S, S, 3] after a block of the encoder, at full visibility, without a LayerNorm: an output for each
 * reading. Blocks are counted from 1; 0 is the last.
 */
export const featuresStep =
  (h: Hyperparameters, chosen: Reading[], block = 0): StepFunction =>
  (w, { images }) => {
    const tokens = encode(w, h, images!).at(block - 1)!
    const outputs: NamedTensors = Object.fromEntries(chosen.map((name) => [name, readings[name](tokens)]))
    return { outputs }
  }
