/**
 * Random numbers by counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3").
 * A number depends only on (seed, purpose, a, b) and its place in the row, so that batches, orders and weights
 * are the same for any number of workers, after a resume and on any engine.
 */

/** What random numbers are for; keeps the rows of one seed apart. */
export const purposes = {
  weights: 1,
  order: 2,
  crop: 3,
  shuffle: 4,
  split: 5,
  mixing: 6,
  dropPath: 7,
  randAugment: 8,
} as const
export type Purpose = (typeof purposes)[keyof typeof purposes]

type Four = [number, number, number, number]

/** The block of four 32-bit numbers at a counter under a key. */
export function philox(counter: Four, key: [number, number]): Four {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiply(0xd2511f53, c0)
    const [high1, low1] = multiply(0xcd9e8d57, c2)
    ;[c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0]
    k0 = (k0 + 0x9e3779b9) >>> 0
    k1 = (k1 + 0xbb67ae85) >>> 0
  }
  return [c0, c1, c2, c3]
}

/** High and low 32 bits of a product of two 32-bit numbers. */
function multiply(a: number, b: number): [high: number, low: number] {
  const low = Math.imul(a, b) >>> 0
  const [a1, a0, b1, b0] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff]
  const middle = a1 * b0 + ((a0 * b0) >>> 16)
  const carry = (middle & 0xffff) + a0 * b1
  return [(a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0, low]
}

/** `count` 32-bit numbers of the row (seed, purpose, a, b). */
function words(seed: number, purpose: Purpose, a: number, b: number, count: number): Uint32Array {
  const row = new Uint32Array(Math.ceil(count / 4) * 4)
  for (let block = 0; block < row.length / 4; block++)
    row.set(philox([block, a >>> 0, b >>> 0, 0], [seed >>> 0, purpose]), block * 4)
  return row
}

/** `count` numbers uniform in [0, 1). */
export function uniforms(seed: number, purpose: Purpose, a: number, b: number, count: number): Float64Array {
  return Float64Array.from(words(seed, purpose, a, b, count).subarray(0, count), (word) => word / 2 ** 32)
}

/** `count` numbers of the standard normal distribution, by Box and Muller. */
export function normals(seed: number, purpose: Purpose, a: number, b: number, count: number): Float64Array {
  const u = uniforms(seed, purpose, a, b, 2 * count)
  return Float64Array.from(
    { length: count },
    (_, i) => Math.sqrt(-2 * Math.log(1 - u[2 * i]!)) * Math.cos(2 * Math.PI * u[2 * i + 1]!),
  )
}

/** The numbers 0 .. n-1 in a random order, by Fisher and Yates. */
export function permutation(n: number, seed: number, purpose: Purpose, a: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  const u = uniforms(seed, purpose, a, 0, n)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(u[i]! * (i + 1))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
