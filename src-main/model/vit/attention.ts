import { type Mask, scaledDotProductAttention } from '#model/tensor/attention'
import type * as tf from '#model/tensor/tf'
import { linear, linearShapes, type Shapes, type Weights } from './layers'

export type KeysAndValues = [keys: tf.Tensor, values: tf.Tensor]

/** Is given the attention probabilities [B, heads, T, T] of a block: how much each row attends to each column. */
export type AttentionListener = (probabilities: tf.Tensor) => void

export interface AttentionOptions {
  /** LN(x) Wqᵀ + bq [B, T, C], where they are known. */
  queries?: tf.Tensor | undefined
  onAttention?: AttentionListener | undefined
  /** Puts those of earlier tokens before the context's own keys and values, [B, T, C] -> [B, P + T, C] each. */
  withPast?: (own: KeysAndValues) => KeysAndValues
}

/** proj(softmax(q kᵀ / √D + mask) v), with q of x, and k and v of the context. x and context [B, T, C] -> [B, T, C]. */
export function attention(
  w: Weights,
  name: string,
  heads: number,
  x: tf.Tensor,
  context: tf.Tensor,
  mask: Mask,
  { onAttention, withPast, queries = linear(w, `${name}.q`, x) }: AttentionOptions,
): tf.Tensor {
  const own: KeysAndValues = [linear(w, `${name}.k`, context), linear(w, `${name}.v`, context)]
  const [keys, values] = withPast?.(own) ?? own // [B, P + T, C], P = 0 without a past
  const mixed = scaledDotProductAttention(queries, keys, values, { heads, mask, onAttention })
  return linear(w, `${name}.proj`, mixed)
}

export const attentionShapes = (name: string, width: number): Shapes =>
  Object.assign({}, ...['q', 'k', 'v', 'proj'].map((part) => linearShapes(`${name}.${part}`, width, width)))
