import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import type { StepFunction, TensorSpec } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import type { KeysAndValues } from '#model/vit/attention'
import { block } from '#model/vit/block'
import { norm } from '#model/vit/layers'
import { positionsOf } from '#model/vit/positions'
import { classToken, embedPatches } from '#model/vit/tokens'
import { head, headBlocks, queryBlock } from './saim'

/**
 * SAIM's two streams for one image whose patches come one by one (compare `forward` of saim.ts). Step i puts in the
 * token before the i-th patch of the order, t(i-1) or the class token, and predicts the i-th patch:
 *
 *   content stream  x = E(t(i-1)) + position: sees the tokens before it and itself
 *   query stream    g = position of the i-th patch: sees the same tokens after each block
 *
 * No token sees a later one, so that its keys and values stay what they are. With those of the steps before in `past`
 * the prediction is that of `forward`, at the cost of two tokens instead of all.
 *
 * With R registers the class token and they come in the steps 0 .. R, so that step R + i is that of the i-th patch.
 *
 * `pixels` [1, 1, p·p·3] and `patch` [1] are t(i-1) and its place in the image (of no matter before step R + 1), `next` [1] the
 * place of the i-th patch, `step` [] is R + i, row j < R + i of `past` [K, R + N, C] what step j made ->
 * `prediction` [1, 1, p·p·3], and `made` [K, 1, C]: keys and values of each block.
 */
export const oneByOneStep =
  (h: Hyperparameters): StepFunction =>
  (w, { pixels, patch, next, step, past }) => {
    const count = stepsOf(h)
    // Rows 0 .. i-1 are filled; the token of this step comes after them all.
    const row = Float32Array.from({ length: count + 1 }, (_, j) => (j < count ? j : -1))
    const mask = tf.where(tf.less(tf.tensor(row, [1, count + 1]), step!), 0, -1e9)
    const made: tf.Tensor[] = []
    const withPast = (own: KeysAndValues) =>
      own.map((token) => {
        const earlier = past!.slice([made.length, 0, 0], [1, -1, -1])
        made.push(token)
        return tf.concat([earlier, token], 1) // [1, R + N + 1, C]
      }) as KeysAndValues

    const positions = positionsOf(w, h)
    const positionOf = (place: tf.Tensor) => tf.gather(positions, place).reshape([1, 1, h.width])
    const token = embedPatches(w, pixels!).add(positionOf(patch!))
    const registers = Array.from({ length: h.registers }, (_, r) =>
      w['register_tokens']!.slice([0, r, 0], [1, 1, -1]),
    )
    // The r-th of `first` in step r, the token in all later steps.
    const orFirst = (first: tf.Tensor[], token: tf.Tensor) =>
      first.reduceRight((later, each, r) => tf.where(tf.less(step!, r + 1), each, later), token)
    let x = orFirst([classToken(w, h), ...registers], token)
    let g = orFirst(registers, positionOf(next!))
    for (let layer = 0; layer < h.depth; layer++) {
      x = block(w, `blocks.${layer}`, h.heads, x, x, mask, { withPast })
      const every = h.depth / h.queryDepth
      if ((layer + 1) % every === 0)
        g = block(w, queryBlock(h, (layer + 1) / every - 1), h.heads, g, x, mask, { withPast })
    }
    if (h.queryDepth === 0) g = g.add(x)
    const prediction = head(w, h, norm(w, 'norm', g), mask, { withPast })
    return { outputs: { prediction, made: tf.concat(made) } }
  }

/** Steps in all. */
export const stepsOf = (h: Hyperparameters) => h.registers + patchCount(h)

/** Inputs of `oneByOneStep`. */
export function oneByOneInputs(h: Hyperparameters): Record<string, TensorSpec> {
  const place: TensorSpec = { shape: [1], dtype: 'int32' }
  const blocks = h.depth + h.queryDepth + headBlocks(h)
  return {
    pixels: { shape: [1, 1, h.patchSize ** 2 * 3], dtype: 'float32' },
    patch: place,
    next: place,
    step: { shape: [], dtype: 'float32' },
    past: { shape: [2 * blocks, stepsOf(h), h.width], dtype: 'float32' },
  }
}
