import * as tf from '#model/tensor/tf'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { type Mask, scaledDotProductAttention } from '#model/tensor/attention'
import { gelu } from '#model/tensor/gelu'
import { layerNorm } from '#model/tensor/layer-norm'
import { recompute } from '#model/tensor/recompute'
import { patchCount } from './order'
import { interpolatePositions, positionEmbedding } from '#model/vit/positions'
import { patchify } from './target'

/** Weights by the names of the authors' state_dict. */
export type Weights = Record<string, tf.Tensor>

/**
 * Hears the attention [B, heads, T, T] of each block of a stream, from the first on: how much each row attends to each
 * column. What nobody listens to is not computed.
 */
export type Watch = (stream: 'content' | 'query', probabilities: tf.Tensor) => void

/**
 * SAIM's two streams in sorted-token form (paper, section 3; DESIGN.md section 1, "Order").
 *
 * Each image's patches are first put into its order, so that both attention masks become one triangle:
 *   content stream  [class, t1 .. tN]: token i sees itself and every token before it
 *   query stream           [q1 .. qN]: query i sees [class, t1 .. t(i-1)]
 *
 * No query sees tN, so that it is left out, unless the `whole` encoding is asked for.
 *
 * images [B, S, S, 3], order [B, N] -> everything in the order of prediction:
 *   encoded [B, N, C] or, whole, [B, 1+N, C], decoded [B, N, C], prediction [B, N, p·p·3]
 */
export function forward(
  w: Weights,
  h: Hyperparameters,
  images: tf.Tensor,
  order: tf.Tensor,
  { whole = false, watch }: { whole?: boolean; watch?: Watch } = {},
) {
  const batch = images.shape[0]!
  const seen = (x: tf.Tensor) => (whole ? beforeEach(x) : x) // [class, t1 .. t(N-1)]

  // x_0 = [class, E(patches) + position]
  const positions = positionsOf(w, h)
  const sortedPositions = inOrder(positions, order)
  const tokens = embedPatches(w, sortTokens(patchify(images, h.patchSize), order)).add(sortedPositions)
  const all = tf.concat([classTokens(w, h, batch), tokens], 1)
  let x = whole ? all : beforeEach(all)

  // g_0 = position; after every step-th block h: g = QueryBlock(g, h)
  let g: tf.Tensor = sortedPositions
  // The first block's queries are of positions alone, and so the same for all images.
  const first = h.queryDepth > 0 ? inOrder(queriesOf(w, queryBlock(h, 0), positions), order) : undefined
  for (let layer = 0; layer < h.depth; layer++) {
    const hear = watch && ((p: tf.Tensor) => watch('content', p))
    x = blockOf(h)(w, `blocks.${layer}`, h.heads, x, x, 'causal', { hear })
    const step = h.depth / h.queryDepth
    if ((layer + 1) % step === 0) {
      const hear = watch && ((p: tf.Tensor) => watch('query', p))
      const i = (layer + 1) / step - 1
      const queries = i === 0 ? first : undefined
      g = blockOf(h)(w, queryBlock(h, i), h.heads, g, seen(x), 'causal', { hear, queries })
    }
  }
  if (h.queryDepth === 0) g = g.add(seen(x))

  return { encoded: x, decoded: g, prediction: head(w, h, norm(w, 'norm', g), 'causal') }
}

/**
 * The encoder as recognition uses it: patches in their places, and every token sees every other. Images of another size
 * than in pre-training get interpolated positions. images [B, S, S, 3] -> tokens [B, 1+N, C] after each block, from the
 * first to the last. `kept` [depth, 2, B] are the factors of drop path by which each block's two branches count.
 */
export function encode(
  w: Weights,
  h: Hyperparameters,
  images: tf.Tensor,
  watch?: Watch,
  kept?: tf.Tensor,
): tf.Tensor[] {
  const [batch, size] = images.shape as [number, number]
  const grid = size / h.patchSize
  const tokens = embedPatches(w, patchify(images, h.patchSize)).add(positionsFor(w, h, grid))
  let x = tf.concat([classTokens(w, h, batch), tokens], 1)
  const hear = watch && ((p: tf.Tensor) => watch('content', p))
  return Array.from({ length: h.depth }, (_, layer) => {
    const factors = kept?.slice([layer, 0, 0], [1, 2, batch]).reshape([2, batch, 1, 1])
    return (x = blockOf(h)(w, `blocks.${layer}`, h.heads, x, x, null, { hear, factors }))
  })
}

/** Position embedding of the patches, [N, C]: fixed, or learned and kept among the weights. */
export function positionsOf(w: Weights, h: Hyperparameters): tf.Tensor {
  const count = patchCount(h)
  if (h.positions === 'fixed')
    return tf.tensor(positionEmbedding(Math.sqrt(count), h.width), [count, h.width])
  return w['pos_embed']!.slice([0, 1, 0], [1, -1, -1]).reshape([count, h.width])
}

/** The class token, with its own position where positions are learned; [1, 1, C]. */
export const classToken = (w: Weights, h: Hyperparameters): tf.Tensor =>
  h.positions === 'fixed'
    ? w['cls_token']!
    : w['cls_token']!.add(w['pos_embed']!.slice([0, 0, 0], [1, 1, -1]))

export const classTokens = (w: Weights, h: Hyperparameters, batch: number): tf.Tensor =>
  tf.tile(classToken(w, h), [batch, 1, 1])

/** Position embedding of grid x grid patches, which may be others than in pre-training, [grid², C]. */
function positionsFor(w: Weights, h: Hyperparameters, grid: number): tf.Tensor {
  const positions = positionsOf(w, h)
  const [count] = positions.shape as [number]
  if (grid * grid === count) return positions
  // Interpolation is linear in the positions: what it makes of the unit matrix does it to any.
  const unit = new Float32Array(count * count)
  for (let i = 0; i < count; i++) unit[i * count + i] = 1
  const interpolation = tf.tensor(interpolatePositions(unit, Math.sqrt(count), grid), [grid * grid, count])
  return tf.matMul(interpolation as tf.Tensor2D, positions as tf.Tensor2D)
}

/** Where the weights of a block of the query stream are. */
export const queryBlock = (h: Hyperparameters, i: number) =>
  `${h.shareWeights ? 'blocks' : 'query_blocks'}.${i}`

/** What stands before each of t1 .. tN: [class, t1 .. tN] -> [class, t1 .. t(N-1)]. */
const beforeEach = (x: tf.Tensor) => x.slice([0, 0, 0], [-1, x.shape[1]! - 1, -1])

/** Puts tokens [B, N, C] into the order [B, K], K = N or the first patches of an order. */
export function sortTokens(x: tf.Tensor, order: tf.Tensor): tf.Tensor {
  const [batch, count, width] = x.shape as [number, number, number]
  const firstOfImage = tf.tensor(
    Int32Array.from({ length: batch }, (_, b) => b * count),
    [batch, 1],
    'int32',
  )
  const rows = order.add(firstOfImage).flatten()
  return tf.gather(x.reshape([batch * count, width]), rows).reshape([batch, order.shape[1]!, width])
}

/** The inverse of an order [B, N]: when each patch comes. */
export const placesOf = (order: tf.Tensor): tf.Tensor => tf.topk(tf.neg(order), order.shape[1]!).indices

/** A table's rows [N, C] in each image's order [B, N] -> [B, N, C]. A row's gradient is summed over the images. */
const inOrder = (table: tf.Tensor, order: tf.Tensor): tf.Tensor =>
  tf.customGrad((table) => {
    const batch = order.shape[0]!
    const { shape } = table as tf.Tensor
    return {
      value: tf.gather(table as tf.Tensor, order.flatten()).reshape([batch, ...shape]),
      gradFunc: (dy: tf.Tensor) => sortTokens(dy, placesOf(order)).reshape([batch, -1]).sum(0).reshape(shape),
    }
  })(table)

/** Patches [B, N, p·p·3] -> [B, N, C]; the weight is kept as that of a convolution, [C, 3, p, p]. */
export function embedPatches(w: Weights, patches: tf.Tensor): tf.Tensor {
  const weight = w['patch_embed.proj.weight']!.transpose([0, 2, 3, 1])
  return linear(patches, weight.reshape([weight.shape[0]!, -1]), w['patch_embed.proj.bias']!)
}

export type KeysAndValues = [keys: tf.Tensor, values: tf.Tensor]

interface AttentionOptions {
  /** LN(x) Wqᵀ + bq [B, T, C], where they are known. */
  queries?: tf.Tensor | undefined
  hear?: ((probabilities: tf.Tensor) => void) | undefined
  /** Puts those of earlier tokens before the context's own keys and values, [B, T, C] -> [B, P + T, C] each. */
  withPast?: (own: KeysAndValues) => KeysAndValues
}

interface BlockOptions extends AttentionOptions {
  /** By how much each image's attention and MLP count, [2, B, 1, 1]; absent where they count as they are. */
  factors?: tf.Tensor | undefined
}

/** Pre-norm transformer block; x [B, T, C] attends to context [B, T, C], which may be x itself. */
export function block(
  w: Weights,
  name: string,
  heads: number,
  x: tf.Tensor,
  context: tf.Tensor,
  mask: Mask,
  { factors, ...options }: BlockOptions = {},
): tf.Tensor {
  const scaled = (branch: tf.Tensor, i: 0 | 1) => (factors ? branch.mul(tf.gather(factors, i)) : branch)
  const seen = norm(w, `${name}.norm1`, context)
  const query = context === x || options.queries ? seen : norm(w, `${name}.norm1`, x)
  x = x.add(scaled(attention(w, `${name}.attn`, heads, query, seen, mask, options), 0))
  return x.add(scaled(mlp(w, `${name}.mlp`, norm(w, `${name}.norm2`, x)), 1))
}

/**
 * The block as a run is trained: as it is, or, where the settings ask for gradient checkpointing, computed once more in the
 * backward pass.
 */
export const blockOf = (h: Hyperparameters): typeof block =>
  h.gradientCheckpointing ? recomputedBlock : block

const recomputedBlock: typeof block = (w, name, heads, x, context, mask, options = {}) => {
  const { queries, factors, hear } = options
  if (hear) return block(w, name, heads, x, context, mask, options) // to look at, which takes no gradients
  const reads = (weight: string) =>
    weight.startsWith(`${name}.`) && !(queries && weight.startsWith(`${name}.attn.q.`))
  return recompute(
    ({ inputs: { x, context = x, queries }, weights, fixed: { factors } }) =>
      block(weights, name, heads, x!, context!, mask, { queries, factors }),
    {
      inputs: { x, ...(context !== x && { context }), ...(queries && { queries }) },
      weights: Object.fromEntries(Object.entries(w).filter(([weight]) => reads(weight))),
      fixed: { ...(factors && { factors }) },
    },
  )
}

/** proj(softmax(q kᵀ / √D + mask) v), with q of x, and k and v of the context. x and context [B, T, C] -> [B, T, C]. */
function attention(
  w: Weights,
  name: string,
  heads: number,
  x: tf.Tensor,
  context: tf.Tensor,
  mask: Mask,
  { hear, withPast, queries = named(w, `${name}.q`, x) }: AttentionOptions,
): tf.Tensor {
  const own: KeysAndValues = [named(w, `${name}.k`, context), named(w, `${name}.v`, context)]
  const [keys, values] = withPast?.(own) ?? own // [B, P + T, C], P = 0 without a past
  return named(w, `${name}.proj`, scaledDotProductAttention(queries, keys, values, { heads, mask, hear }))
}

const mlp = (w: Weights, name: string, x: tf.Tensor) =>
  named(w, `${name}.fc2`, gelu(named(w, `${name}.fc1`, x)))

/** LN(g) [B, N, C] -> pixels of each patch [B, N, p·p·3]. */
export function head(
  w: Weights,
  h: Hyperparameters,
  g: tf.Tensor,
  mask: Mask,
  options?: AttentionOptions,
): tf.Tensor {
  if (h.head === 'mlp') return mlp(w, 'prediction_head', g)
  if (h.head === 'linear') return named(w, 'prediction_head', g)
  return named(w, 'prediction_head.fc', block(w, 'prediction_head.block', h.heads, g, g, mask, options))
}

/** What a block asks of its context for rows x [T, C], which need not be of an image -> [T, C]. */
const queriesOf = (w: Weights, name: string, x: tf.Tensor) =>
  named(w, `${name}.attn.q`, norm(w, `${name}.norm1`, x).expandDims(0)).squeeze([0])

export const norm = (w: Weights, name: string, x: tf.Tensor) =>
  layerNorm(x, w[`${name}.weight`]!, w[`${name}.bias`]!)

const named = (w: Weights, name: string, x: tf.Tensor) => linear(x, w[`${name}.weight`]!, w[`${name}.bias`]!)

/** y = x Wᵀ + b. x [B, T, in], weight [out, in], bias [out] -> [B, T, out]. */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const [batch, length, width] = x.shape as [number, number, number]
  const rows = x.reshape([batch * length, width]) as tf.Tensor2D
  const y = tf.fused.matMul({ a: rows, b: weight as tf.Tensor2D, transposeB: true, bias })
  return y.reshape([batch, length, weight.shape[0]!])
}
