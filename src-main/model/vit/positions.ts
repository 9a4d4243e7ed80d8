import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import * as tf from '#model/tensor/tf'
import type { Weights } from './layers'

/**
 * Fixed 2-D sine-cosine position embedding [N, C], N = grid², row-major.
 * omega_k = 10000^(-k / (C/4)), k < C/4; the first half of the width encodes the column, the second half the
 * row, each as [sin, cos] (docs/method.md, "Tokens").
 */
export function positionEmbedding(grid: number, width: number): Float32Array {
  const quarter = width / 4
  const omega = Array.from({ length: quarter }, (_, k) => 10_000 ** (-k / quarter))
  const embedding = new Float32Array(grid * grid * width)
  for (let row = 0; row < grid; row++)
    for (let column = 0; column < grid; column++) {
      const start = (row * grid + column) * width
      omega.forEach((frequency, k) => {
        embedding[start + k] = Math.sin(column * frequency)
        embedding[start + quarter + k] = Math.cos(column * frequency)
        embedding[start + 2 * quarter + k] = Math.sin(row * frequency)
        embedding[start + 3 * quarter + k] = Math.cos(row * frequency)
      })
    }
  return embedding
}

/** The same with a first row of zeros for the class token, [1 + N, C], as files of weights hold it. */
export function positionTable(grid: number, width: number): Float32Array {
  const table = new Float32Array((1 + grid * grid) * width)
  table.set(positionEmbedding(grid, width), width)
  return table
}

/**
 * A position embedding [from², C] for another grid, [to², C]: bicubic interpolation between the middles of patches
 * (a = -.75, edges repeated), as the authors do it by PyTorch's interpolate.
 */
export function interpolatePositions(embedding: Float32Array, from: number, to: number): Float32Array {
  const width = embedding.length / from ** 2
  const axis = Array.from({ length: to }, (_, i) => taps(((i + 0.5) * from) / to - 0.5, from))
  const resized = new Float32Array(to * to * width)
  axis.forEach((rows, row) =>
    axis.forEach((columns, column) => {
      const target = resized.subarray((row * to + column) * width, (row * to + column + 1) * width)
      for (const [y, weightY] of rows)
        for (const [x, weightX] of columns) {
          const start = (y * from + x) * width
          for (let k = 0; k < width; k++) target[k]! += weightY * weightX * embedding[start + k]!
        }
    }),
  )
  return resized
}

/** The same of a table [1 + from², C], whose first row, the class token's, stays. */
export function interpolateTable(table: Float32Array, width: number, to: number): Float32Array {
  const from = Math.sqrt(table.length / width - 1)
  if (from === to) return table
  const resized = new Float32Array((1 + to * to) * width)
  resized.set(table.subarray(0, width))
  resized.set(interpolatePositions(table.subarray(width), from, to), width)
  return resized
}

/** The four places around `x` with their weights in cubic convolution. */
function taps(x: number, size: number): [place: number, weight: number][] {
  const a = -0.75
  const first = Math.floor(x)
  return [-1, 0, 1, 2].map((offset) => {
    const d = Math.abs(x - (first + offset))
    const weight =
      d <= 1 ? (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1 : a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a
    return [Math.min(Math.max(first + offset, 0), size - 1), weight]
  })
}

/** Position embedding of the patches, [N, C]: fixed, or learned and stored among the weights. */
export function positionsOf(w: Weights, h: Hyperparameters): tf.Tensor {
  if (h.positions === 'fixed') {
    const count = patchCount(h)
    return tf.tensor(positionEmbedding(Math.sqrt(count), h.width), [count, h.width])
  }
  const table = w['pos_embed']!
  return table.slice([0, 1, 0], [1, -1, -1]).reshape([table.shape[1]! - 1, h.width])
}

/** Position embedding of grid x grid patches, which may be others than in pre-training, [grid², C]. */
export function positionsFor(w: Weights, h: Hyperparameters, grid: number): tf.Tensor {
  const positions = positionsOf(w, h)
  const [count] = positions.shape as [number]
  if (grid * grid === count) return positions
  // Interpolation is linear in the positions: what it makes of the unit matrix does it to any.
  const unit = new Float32Array(count * count)
  for (let i = 0; i < count; i++) unit[i * count + i] = 1
  const interpolation = tf.tensor(interpolatePositions(unit, Math.sqrt(count), grid), [grid * grid, count])
  return tf.matMul(interpolation as tf.Tensor2D, positions as tf.Tensor2D)
}
