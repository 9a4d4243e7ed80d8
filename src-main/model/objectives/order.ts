import { purposes, uniforms } from '#shared/random'
import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'

/** The order that noise u stands for: patch i comes before patch j where u_i < u_j. u [B, N] -> order [B, N]. */
export function orderOfNoise(noise: ArrayLike<number>, count: number): Int32Array {
  const order = new Int32Array(noise.length)
  for (let start = 0; start < noise.length; start += count) {
    const patches = Array.from({ length: count }, (_, i) => i)
    order.set(
      patches.sort((i, j) => noise[start + i]! - noise[start + j]!),
      start,
    )
  }
  return order
}

/**
 * What steps are given of orders [B, N], [B, 2, N]: each with its inverse, which says when each patch comes. The host sorts, and
 * gives floats: WebGPU would have the CPU sort, and cut whole numbers in parts.
 */
export function withPlaces(orders: Int32Array, count: number): Float32Array {
  const both = new Float32Array(2 * orders.length)
  for (let start = 0; start < orders.length; start += count) {
    const order = orders.subarray(start, start + count)
    both.set(order, 2 * start)
    order.forEach((patch, k) => (both[2 * start + count + patch] = k))
  }
  return both
}

/**
 * The order of prediction of each image of a batch, [B, N]: order[b][k] is the patch predicted k-th.
 * Stochastic: u ~ U[0,1)^N from (seed, epoch, image). Raster: u_i = i / N (paper, section 3.2 and ablation).
 */
export function orders(h: Hyperparameters, seed: number, epoch: number, indices: number[]): Int32Array {
  const count = patchCount(h)
  const order = new Int32Array(indices.length * count)
  indices.forEach((image, b) => {
    // u are whole numbers of 2^-32: with the patch after them they sort as plain numbers, in a fifth of the time.
    const keys =
      h.order === 'raster'
        ? new Float64Array(count).map((_, i) => i)
        : uniforms(seed, purposes.order, epoch, image, count)
            .map((u, i) => u * 2 ** 32 * count + i)
            .sort()
    for (let k = 0; k < count; k++) order[b * count + k] = keys[k]! % count
  })
  return order
}

/** What steps are given of the orders of a batch's images, [B, 2, N]. */
export const ordersWithPlaces = (...of: Parameters<typeof orders>): Float32Array =>
  withPlaces(orders(...of), patchCount(of[0]))
