/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3").
 * A number depends only on (seed, purpose, a, b) and its place in the row, so that batches, orders and weights
 * are the same for any number of workers, after a resume and on any engine.
 */

/** What random numbers are used for; each purpose has its own rows of a seed. */
export const purposes = {
  weights: 1,
  order: 2,
  crop: 3,
  shuffle: 4,
  split: 5,
  mixing: 6,
  dropPath: 7,
  randAugment: 8,
  erasing: 9,
  erasingNoise: 10,
} as const
export type Purpose = (typeof purposes)[keyof typeof purposes]

/** High 32 bits of the product of two 32-bit numbers, the first in halves. 32-bit integers are fast in JavaScript. */
function highOfProduct(aHigh: number, aLow: number, b: number): number {
  const bHigh = b >>> 16
  const bLow = b & 0xffff
  const left = Math.imul(aHigh, bLow)
  const right = Math.imul(aLow, bHigh)
  const carry = ((Math.imul(aLow, bLow) >>> 16) + (left & 0xffff) + (right & 0xffff)) >>> 16
  return (Math.imul(aHigh, bHigh) + (left >>> 16) + (right >>> 16) + carry) | 0
}

/** Fills `row` with the blocks of four numbers of the counters (first, c1, c2, c3), (first + 1, c1, c2, c3) ... under a key. */
export function philox(
  row: Uint32Array,
  [first, c1, c2, c3]: readonly [number, number, number, number],
  [k0, k1]: readonly [number, number],
): Uint32Array {
  for (let at = 0; at < row.length; at += 4) {
    let [x0, x1, x2, x3, key0, key1] = [(first + at / 4) | 0, c1 | 0, c2 | 0, c3 | 0, k0 | 0, k1 | 0]
    for (let round = 0; round < 10; round++) {
      const high0 = highOfProduct(0xd251, 0x1f53, x0)
      const high1 = highOfProduct(0xcd9e, 0x8d57, x2)
      const low0 = Math.imul(0xd2511f53, x0)
      x0 = high1 ^ x1 ^ key0
      x1 = Math.imul(0xcd9e8d57, x2)
      x2 = high0 ^ x3 ^ key1
      x3 = low0
      key0 = (key0 + 0x9e3779b9) | 0
      key1 = (key1 + 0xbb67ae85) | 0
    }
    row[at] = x0
    row[at + 1] = x1
    row[at + 2] = x2
    row[at + 3] = x3
  }
  return row
}

/** `count` numbers uniform in [0, 1) of the row (seed, purpose, a, b). */
export function uniforms(seed: number, purpose: Purpose, a: number, b: number, count: number): Float64Array {
  const words = philox(new Uint32Array(Math.ceil(count / 4) * 4), [0, a, b, 0], [seed, purpose])
  const row = new Float64Array(count)
  for (let i = 0; i < count; i++) row[i] = words[i]! / 2 ** 32
  return row
}

/** `count` numbers of the standard normal distribution, by the Box-Muller transform. */
export function normals(seed: number, purpose: Purpose, a: number, b: number, count: number): Float64Array {
  const u = uniforms(seed, purpose, a, b, 2 * count)
  return Float64Array.from(
    { length: count },
    (_, i) => Math.sqrt(-2 * Math.log(1 - u[2 * i]!)) * Math.cos(2 * Math.PI * u[2 * i + 1]!),
  )
}

/** The numbers 0 .. n-1 in a random order, by the Fisher-Yates shuffle. */
export function permutation(n: number, seed: number, purpose: Purpose, a: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  const u = uniforms(seed, purpose, a, 0, n)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(u[i]! * (i + 1))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
