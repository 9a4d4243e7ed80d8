import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Shapes, Weights } from '#model/vit/layers'
import type * as tf from '#model/tensor/tf'

/** A stack of transformer blocks and the tokens that it works on, for estimates of time and memory. */
export interface Stack {
  blocks: number
  tokens: number
  width: number
  heads: number
}

/**
 * What an encoder is pre-trained by. Its words, the settings that it settles and its views stand
 * in src-shared/settings/objectives.ts.
 */
export interface Objective {
  /** Shapes of its own weights, which come after those of the encoder. */
  shapes(h: Hyperparameters): Shapes
  /** images [B, S, S, 3], order with its inverse [B, 2, N] -> what it predicts of n of the patches, in the order, [B, n, p·p·3]. */
  predict(w: Weights, h: Hyperparameters, images: tf.Tensor, order: tf.Tensor): tf.Tensor
  /** What that is to be: of the target's patches in the order [B, N, p·p·3] those that are predicted, [B, n, p·p·3]. */
  goal(h: Hyperparameters, patches: tf.Tensor): tf.Tensor
  /** What it computes of an image: stacks of blocks, from the encoder's on, and linear layers beside them. */
  estimate(h: Hyperparameters): { stacks: Stack[]; linears: [tokens: number, from: number, to: number][] }
}
