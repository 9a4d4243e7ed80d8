import type { Hyperparameters } from '#shared/settings/hyperparameters'
import * as tf from '#model/tensor/tf'
import { affine, type Shapes, type Weights } from './layers'

/** Images [B, S, S, 3] -> patches [B, N, p·p·3]; within a patch: row, column, channel. */
export function patchify(images: tf.Tensor, patchSize: number): tf.Tensor {
  const [batch, size] = images.shape as [number, number]
  const grid = size / patchSize
  return images
    .reshape([batch, grid, patchSize, grid, patchSize * 3])
    .transpose([0, 1, 3, 2, 4])
    .reshape([batch, grid * grid, patchSize * patchSize * 3])
}

/** Patches [B, N, p·p·3] -> [B, N, C]; the weight is stored as that of a convolution, [C, 3, p, p]. */
export function embedPatches(w: Weights, patches: tf.Tensor): tf.Tensor {
  const weight = w['patch_embed.proj.weight']!.transpose([0, 2, 3, 1])
  return affine(patches, weight.reshape([weight.shape[0]!, -1]), w['patch_embed.proj.bias']!)
}

/** The class token, with its own position where positions are learned; [1, 1, C]. */
export const classToken = (w: Weights, h: Hyperparameters): tf.Tensor =>
  h.positions === 'fixed'
    ? w['cls_token']!
    : w['cls_token']!.add(w['pos_embed']!.slice([0, 0, 0], [1, 1, -1]))

/** What stands before the patches of each image: the class token, and R registers without a position, [B, 1+R, C]. */
export function prefixTokens(w: Weights, h: Hyperparameters, batch: number): tf.Tensor {
  const prefix = h.registers ? tf.concat([classToken(w, h), w['register_tokens']!], 1) : classToken(w, h)
  return tf.tile(prefix, [batch, 1, 1])
}

/** Leaves out the registers along an axis of class token, registers and patches: 1+R+N become 1+N. */
export function withoutRegisters(x: tf.Tensor, { registers }: Hyperparameters, axis = 1): tf.Tensor {
  if (registers === 0) return x
  const part = (begin: number, size: number) =>
    x.slice(
      x.shape.map((_, i) => (i === axis ? begin : 0)),
      x.shape.map((all, i) => (i === axis ? size : all)),
    )
  return tf.concat([part(0, 1), part(1 + registers, x.shape[axis]! - 1 - registers)], axis)
}

/** Puts tokens [B, N, C] into the order of `patches` [B, K], K = N or the first of an order. */
export function sortTokens(x: tf.Tensor, patches: tf.Tensor): tf.Tensor {
  const [batch, count, width] = x.shape as [number, number, number]
  const firstOfImage = tf.tensor(
    Int32Array.from({ length: batch }, (_, b) => b * count),
    [batch, 1],
    'int32',
  )
  const rows = patches.add(firstOfImage).flatten()
  return tf.gather(x.reshape([batch * count, width]), rows).reshape([batch, patches.shape[1]!, width])
}

/** Of orders with their inverses [B, 2, N]: which patch comes k-th, for the first K of an order, [B, K]. */
export const patchesOf = (order: tf.Tensor, first = order.shape[2]!): tf.Tensor => rowOf(order, 0, first)

/** Of the same: when each patch comes, [B, N]. */
export const placesOf = (order: tf.Tensor): tf.Tensor => rowOf(order, 1, order.shape[2]!)

const rowOf = (order: tf.Tensor, row: number, first: number): tf.Tensor =>
  order.slice([0, row, 0], [-1, 1, first]).reshape([order.shape[0]!, first]).toInt()

/** A table's rows [N, C] in each image's order [B, 2, N] -> [B, N, C]. A row's gradient is summed over the images. */
export const sortTable = (table: tf.Tensor, order: tf.Tensor): tf.Tensor =>
  tf.customGrad((table) => {
    const batch = order.shape[0]!
    const { shape } = table as tf.Tensor
    return {
      value: tf.gather(table as tf.Tensor, patchesOf(order).flatten()).reshape([batch, ...shape]),
      gradFunc: (dy: tf.Tensor) => sortTokens(dy, placesOf(order)).reshape([batch, -1]).sum(0).reshape(shape),
    }
  })(table)

export const patchShapes = ({ width, patchSize }: Hyperparameters): Shapes => ({
  'patch_embed.proj.weight': [width, 3, patchSize, patchSize],
  'patch_embed.proj.bias': [width],
})
