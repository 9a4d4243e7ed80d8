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
