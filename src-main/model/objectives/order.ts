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
  const noise = new Float64Array(indices.length * count)
  indices.forEach((image, b) => {
    const u = h.order === 'raster' ? raster(count) : uniforms(seed, purposes.order, epoch, image, count)
    noise.set(u, b * count)
  })
  return orderOfNoise(noise, count)
}

const raster = (count: number) => Float64Array.from({ length: count }, (_, i) => i / count)
