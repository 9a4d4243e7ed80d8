import { purposes, uniforms } from '#shared/random'

/**
 * Factors of drop path (stochastic depth, Huang et al.) for a batch, [depth, 2, B]: a branch of a block is left out of an
 * image with a probability that grows linearly from 0 at the first block to `rate` at the last; what is kept counts
 * 1 / (1 - probability), as in timm.
 */
export function dropPathFactors(
  { rate, depth, seed }: { rate: number; depth: number; seed: number },
  batch: number,
  index: number,
): Float32Array {
  const u = uniforms(seed, purposes.dropPath, index, 0, depth * 2 * batch)
  return Float32Array.from(u, (draw, i) => {
    const layer = Math.floor(i / (2 * batch))
    const dropped = depth > 1 ? (rate * layer) / (depth - 1) : 0
    return draw < dropped ? 0 : 1 / (1 - dropped)
  })
}
