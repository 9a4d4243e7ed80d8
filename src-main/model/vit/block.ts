import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Mask } from '#model/tensor/attention'
import { recompute } from '#model/tensor/recompute'
import * as tf from '#model/tensor/tf'
import { attention, type AttentionOptions, attentionShapes } from './attention'
import { linear, mlp, mlpShapes, norm, normShapes, type Shapes, type Weights } from './layers'

export interface BlockOptions extends AttentionOptions {
  /** By how much each image's attention and MLP count (drop path), [2, B, 1, 1]; absent where they count as they are. */
  factors?: tf.Tensor | undefined
}

/**
 * Pre-norm transformer block; x [B, T, C] attends to context [B, T, C], which may be x itself:
 *   x += Attn(LN1(x), LN1(context))
 *   x += MLP(LN2(x))
 */
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

export const blockShapes = (name: string, width: number): Shapes => ({
  ...normShapes(`${name}.norm1`, width),
  ...attentionShapes(`${name}.attn`, width),
  ...normShapes(`${name}.norm2`, width),
  ...mlpShapes(`${name}.mlp`, width, width),
})

/** Of the blocks `name`.0, `name`.1 ... */
export const blocksShapes = (name: string, depth: number, width: number): Shapes =>
  Object.assign({}, ...Array.from({ length: depth }, (_, i) => blockShapes(`${name}.${i}`, width)))

/** What a block asks of its context for rows x [T, C], which need not be of an image -> [T, C]. */
export const queriesOf = (w: Weights, name: string, x: tf.Tensor) =>
  linear(w, `${name}.attn.q`, norm(w, `${name}.norm1`, x).expandDims(0)).squeeze([0])

/**
 * The block as a run is trained: as it is, or, where the settings ask for gradient checkpointing, computed once more in the
 * backward pass.
 */
export const blockOf = (h: Hyperparameters): typeof block =>
  h.gradientCheckpointing ? recomputedBlock : block

const recomputedBlock: typeof block = (w, name, heads, x, context, mask, options = {}) => {
  const { queries, factors, onAttention } = options
  if (onAttention) return block(w, name, heads, x, context, mask, options) // to look at, which takes no gradients
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
