import { type Hyperparameters, patchCount, visiblePatches } from '#shared/settings/hyperparameters'
import * as tf from '#model/tensor/tf'
import { blockOf, blocksShapes } from '#model/vit/block'
import { linear, linearShapes, norm, normShapes, type Weights } from '#model/vit/layers'
import { positionEmbedding, positionsOf } from '#model/vit/positions'
import {
  embedPatches,
  patchesOf,
  patchify,
  prefixTokens,
  sortTokens,
  withoutRegisters,
} from '#model/vit/tokens'
import type { Objective } from './objective'

/** Width of the heads of the decoder, 16 of 512 in the paper. */
const headWidth = 32

/**
 * MAE (He et al. 2022, section 3), to compare SAIM with: the encoder sees the first V patches of a random order, and a
 * small decoder of its own predicts the N - V others. Tokens stay in the order, since attention without a mask knows no
 * places but the position embedding.
 *
 * images [B, S, S, 3], order [B, 2, N] -> pixels of the hidden patches, in the order [B, N - V, p·p·3]
 */
function predict(w: Weights, h: Hyperparameters, images: tf.Tensor, order: tf.Tensor): tf.Tensor {
  const patches = patchesOf(order)
  const [batch, count] = patches.shape as [number, number]
  const visible = visiblePatches(h)
  const seen = patchesOf(order, visible) // [B, V]

  // x = LN(Encoder([class, E(visible) + position]))   [B, 1+V, C]
  const tokens = embedPatches(w, sortTokens(patchify(images, h.patchSize), seen))
  let x = tf.concat([prefixTokens(w, h, batch), tokens.add(positionsAt(positionsOf(w, h), seen))], 1)
  for (let layer = 0; layer < h.depth; layer++) x = blockOf(h)(w, `blocks.${layer}`, h.heads, x, x, null)
  x = norm(w, 'norm', withoutRegisters(x, h))

  // y = Decoder([class, W x, mask .. mask] + position)   [B, 1+N, D]
  x = linear(w, 'decoder_embed', x)
  const masks = tf.tile(w['mask_token']!, [batch, count - visible, 1])
  const fixed = tf.tensor(positionEmbedding(Math.sqrt(count), h.decoderWidth), [count, h.decoderWidth])
  const positions = positionsAt(fixed, patches)
  let y: tf.Tensor = tf.concat([x, masks], 1).add(tf.pad(positions, [[0, 0], [1, 0], [0, 0]])) // prettier-ignore
  const heads = h.decoderWidth / headWidth
  for (let layer = 0; layer < h.decoderDepth; layer++)
    y = blockOf(h)(w, `decoder_blocks.${layer}`, heads, y, y, null)

  return linear(w, 'decoder_pred', norm(w, 'decoder_norm', y.slice([0, 1 + visible, 0], [-1, -1, -1])))
}

/** The positions [N, C] of patches [B, K], [B, K, C]. */
const positionsAt = (positions: tf.Tensor, patches: tf.Tensor): tf.Tensor =>
  tf.gather(positions, patches.flatten()).reshape([...patches.shape, positions.shape[1]!])

export const mae: Objective = {
  shapes: ({ width, decoderWidth, decoderDepth, patchSize }) => ({
    ...normShapes('norm', width),
    mask_token: [1, 1, decoderWidth],
    ...linearShapes('decoder_embed', width, decoderWidth),
    ...blocksShapes('decoder_blocks', decoderDepth, decoderWidth),
    ...normShapes('decoder_norm', decoderWidth),
    ...linearShapes('decoder_pred', decoderWidth, patchSize ** 2 * 3),
  }),
  predict,
  goal: (h, patches) => patches.slice([0, visiblePatches(h), 0], [-1, -1, -1]),
  estimate(h) {
    const [all, visible] = [patchCount(h), visiblePatches(h)]
    const { width, heads, decoderWidth } = h
    return {
      stacks: [
        { blocks: h.depth, tokens: 1 + h.registers + visible, width, heads },
        { blocks: h.decoderDepth, tokens: 1 + all, width: decoderWidth, heads: decoderWidth / headWidth },
      ],
      linears: [
        [1 + visible, width, decoderWidth],
        [all - visible, decoderWidth, h.patchSize ** 2 * 3],
      ],
    }
  },
}
