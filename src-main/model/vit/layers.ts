import { gelu } from '#model/tensor/gelu'
import { layerNorm } from '#model/tensor/layer-norm'
import * as tf from '#model/tensor/tf'

/** Weights by the names of the authors' state_dict. */
export type Weights = Record<string, tf.Tensor>

/** Shapes of weights by their names, in the order of the authors' state_dict. */
export type Shapes = Record<string, number[]>

/** y = x Wᵀ + b. x [B, T, in], weight [out, in], bias [out] -> [B, T, out]. */
export function affine(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const [batch, length, width] = x.shape as [number, number, number]
  const rows = x.reshape([batch * length, width]) as tf.Tensor2D
  const y = tf.fused.matMul({ a: rows, b: weight as tf.Tensor2D, transposeB: true, bias })
  return y.reshape([batch, length, weight.shape[0]!])
}

/** The linear layer `name`: x [B, T, in] -> [B, T, out]. */
export const linear = (w: Weights, name: string, x: tf.Tensor) =>
  affine(x, w[`${name}.weight`]!, w[`${name}.bias`]!)

export const linearShapes = (name: string, from: number, to: number): Shapes => ({
  [`${name}.weight`]: [to, from],
  [`${name}.bias`]: [to],
})

/** The LayerNorm `name` over the last axis, eps 1e-6. */
export const norm = (w: Weights, name: string, x: tf.Tensor) =>
  layerNorm(x, w[`${name}.weight`]!, w[`${name}.bias`]!)

export const normShapes = (name: string, width: number): Shapes => ({
  [`${name}.weight`]: [width],
  [`${name}.bias`]: [width],
})

/** fc2(GELU(fc1(x))), four times as wide in the middle as x is. */
export const mlp = (w: Weights, name: string, x: tf.Tensor) =>
  linear(w, `${name}.fc2`, gelu(linear(w, `${name}.fc1`, x)))

export const mlpShapes = (name: string, from: number, to: number): Shapes => ({
  ...linearShapes(`${name}.fc1`, from, 4 * from),
  ...linearShapes(`${name}.fc2`, 4 * from, to),
})
