import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import type { Mask } from '#model/tensor/attention'
import * as tf from '#model/tensor/tf'
import type { AttentionOptions } from '#model/vit/attention'
import { block, blockOf, blocksShapes, queriesOf } from '#model/vit/block'
import {
  linear,
  linearShapes,
  mlp,
  mlpShapes,
  norm,
  normShapes,
  type Shapes,
  type Weights,
} from '#model/vit/layers'
import { positionsOf } from '#model/vit/positions'
import {
  embedPatches,
  patchesOf,
  patchify,
  prefixTokens,
  sortTable,
  sortTokens,
  withoutRegisters,
} from '#model/vit/tokens'
import type { Objective } from './objective'

/** Is given the attention [B, heads, T, T] of each block of a stream, from the first on. */
export type StreamListener = (stream: 'content' | 'query', probabilities: tf.Tensor) => void

/**
 * SAIM's two streams in sorted-token form (paper, section 3; docs/method.md, "Order").
 *
 * Each image's patches are first put into its order, so that both attention masks become one triangle:
 *   content stream  [class, t1 .. tN]: token i sees itself and every token before it
 *   query stream           [q1 .. qN]: query i sees [class, t1 .. t(i-1)]
 *
 * Registers stand after the class token and, so that the triangle stays, before the queries.
 * No query sees tN, so that it is left out, unless the `whole` encoding is asked for. Attention is computed for nobody but
 * a listener.
 *
 * images [B, S, S, 3], order [B, 2, N] -> everything in the order of prediction:
 *   encoded [B, N, C] or, whole, [B, 1+N, C], decoded [B, N, C], prediction [B, N, p·p·3]
 */
export function forward(
  w: Weights,
  h: Hyperparameters,
  images: tf.Tensor,
  order: tf.Tensor,
  { whole = false, onAttention }: { whole?: boolean; onAttention?: StreamListener } = {},
) {
  const batch = images.shape[0]!
  const content = onAttention && ((p: tf.Tensor) => onAttention('content', p))
  const query = onAttention && ((p: tf.Tensor) => onAttention('query', p))
  const seen = (x: tf.Tensor) => (whole ? beforeEach(x) : x) // [class, t1 .. t(N-1)]

  // x_0 = [class, E(patches) + position]
  const positions = positionsOf(w, h)
  const sortedPositions = sortTable(positions, order)
  const tokens = embedPatches(w, sortTokens(patchify(images, h.patchSize), patchesOf(order))).add(
    sortedPositions,
  )
  const all = tf.concat([prefixTokens(w, h, batch), tokens], 1)
  let x = whole ? all : beforeEach(all)

  // g_0 = position; after every step-th block h: g = QueryBlock(g, h)
  let g: tf.Tensor = sortedPositions
  if (h.registers) g = tf.concat([tf.tile(w['register_tokens']!, [batch, 1, 1]), g], 1)
  // The first block's queries are of positions alone, and so the same for all images; registers are left to the block.
  const first =
    h.queryDepth > 0 && !h.registers ? sortTable(queriesOf(w, queryBlock(h, 0), positions), order) : undefined
  for (let layer = 0; layer < h.depth; layer++) {
    x = blockOf(h)(w, `blocks.${layer}`, h.heads, x, x, 'causal', { onAttention: content })
    const step = h.depth / h.queryDepth
    if ((layer + 1) % step === 0) {
      const i = (layer + 1) / step - 1
      const queries = i === 0 ? first : undefined
      g = blockOf(h)(w, queryBlock(h, i), h.heads, g, seen(x), 'causal', { onAttention: query, queries })
    }
  }
  if (h.queryDepth === 0) g = g.add(seen(x))
  if (h.registers) g = g.slice([0, h.registers, 0], [-1, -1, -1])

  return { encoded: withoutRegisters(x, h), decoded: g, prediction: head(w, h, norm(w, 'norm', g), 'causal') }
}

/** Where the weights of a block of the query stream are. */
export const queryBlock = (h: Hyperparameters, i: number) =>
  `${h.shareWeights ? 'blocks' : 'query_blocks'}.${i}`

/** What stands before each of t1 .. tN: [class, t1 .. tN] -> [class, t1 .. t(N-1)]. */
const beforeEach = (x: tf.Tensor) => x.slice([0, 0, 0], [-1, x.shape[1]! - 1, -1])

/** Transformer blocks of the head of that name (paper, Table 4). */
const transformerBlocks = 2

/** Blocks of the head that attend to other patches. */
export const headBlocks = ({ head }: Pick<Hyperparameters, 'head'>) =>
  head === 'transformer' ? transformerBlocks : 0

/** LN(g) [B, N, C] -> pixels of each patch [B, N, p·p·3]. */
export function head(
  w: Weights,
  h: Hyperparameters,
  g: tf.Tensor,
  mask: Mask,
  options?: AttentionOptions,
): tf.Tensor {
  if (h.head === 'mlp') return mlp(w, 'prediction_head', g)
  if (h.head === 'linear') return linear(w, 'prediction_head', g)
  for (let i = 0; i < headBlocks(h); i++)
    g = block(w, `prediction_head.blocks.${i}`, h.heads, g, g, mask, options)
  return linear(w, 'prediction_head.fc', g)
}

function headShapes({ head, width, patchSize }: Hyperparameters): Shapes {
  const pixels = patchSize ** 2 * 3
  if (head === 'mlp') return mlpShapes('prediction_head', width, pixels)
  if (head === 'linear') return linearShapes('prediction_head', width, pixels)
  return {
    ...blocksShapes('prediction_head.blocks', transformerBlocks, width),
    ...linearShapes('prediction_head.fc', width, pixels),
  }
}

export const saim: Objective = {
  shapes: (h) => ({
    ...(h.shareWeights ? {} : blocksShapes('query_blocks', h.queryDepth, h.width)),
    ...normShapes('norm', h.width),
    ...headShapes(h),
  }),
  predict: (w, h, images, order) => forward(w, h, images, order).prediction,
  goal: (_, patches) => patches,
  estimate(h) {
    const { width, heads } = h
    const [tokens, pixels] = [patchCount(h), h.patchSize ** 2 * 3]
    const blocks = h.depth + h.queryDepth + headBlocks(h)
    return {
      stacks: [{ blocks, tokens: tokens + h.registers, width, heads }],
      linears:
        h.head === 'mlp'
          ? [
              [tokens, width, 4 * width],
              [tokens, 4 * width, pixels],
            ]
          : [[tokens, width, pixels]],
    }
  },
}
