import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import * as tf from '#model/tensor/tf'
import type { AttentionListener } from './attention'
import { blockOf, blocksShapes } from './block'
import type { Shapes, Weights } from './layers'
import { positionsFor } from './positions'
import { embedPatches, patchify, patchShapes, prefixTokens, withoutRegisters } from './tokens'

/**
 * The encoder as recognition uses it: patches in their places, and every token sees every other. Images of another size
 * than in pre-training get interpolated positions. images [B, S, S, 3] -> tokens [B, 1+N, C] after each block, from the
 * first to the last, without the registers, which serve the blocks alone. `pathFactors` [depth, 2, B] are those of drop path, by which each block's two branches count.
 */
export function encode(
  w: Weights,
  h: Hyperparameters,
  images: tf.Tensor,
  { onAttention, pathFactors }: { onAttention?: AttentionListener; pathFactors?: tf.Tensor | undefined } = {},
): tf.Tensor[] {
  const [batch, size] = images.shape as [number, number]
  const grid = size / h.patchSize
  const tokens = embedPatches(w, patchify(images, h.patchSize)).add(positionsFor(w, h, grid))
  let x = tf.concat([prefixTokens(w, h, batch), tokens], 1)
  return Array.from({ length: h.depth }, (_, layer) => {
    const factors = pathFactors?.slice([layer, 0, 0], [1, 2, batch]).reshape([2, batch, 1, 1])
    x = blockOf(h)(w, `blocks.${layer}`, h.heads, x, x, null, { onAttention, factors })
    return withoutRegisters(x, h)
  })
}

/** Whether a weight is one of the encoder's. */
export const isEncoderName = (name: string): boolean =>
  /^(cls_token$|register_tokens$|pos_embed$|patch_embed\.|blocks\.)/.test(name)

/** Weights that every objective trains, and all that recognition takes of a pre-trained model. */
export const encoderShapes = (h: Hyperparameters): Shapes => ({
  cls_token: [1, 1, h.width],
  ...(h.registers ? { register_tokens: [1, h.registers, h.width] } : {}),
  ...(h.positions === 'learned' ? { pos_embed: [1, 1 + patchCount(h), h.width] } : {}),
  ...patchShapes(h),
  ...blocksShapes('blocks', h.depth, h.width),
})
