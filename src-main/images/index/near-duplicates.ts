/** Bits of 128 that the hashes of near duplicates may differ in, and levels of 255 that their mean colours may. */
const bitLimit = 6
const colourLimit = 12
/** Hashes that differ in at most 7 bits agree in one of 8 bands of 16 bits. */
const bands = 8
/** Of images that agree in a band so many are compared, so that thousands of flat images take no longer than others. */
const comparedEach = 500

/** `near` looks like `of`, which came before it; `distance` is the number of bits their hashes differ in. */
export interface NearDuplicate {
  near: number
  of: number
  distance: number
}

/** Of each image the most alike that came before it, by the places of the hashes (fingerprint.ts) in `hashes`. */
export function nearDuplicates(hashes: string[]): NearDuplicate[] {
  const bytes = hashes.map((hash) => Buffer.from(hash, 'hex'))
  const last = Array.from({ length: bands }, () => new Int32Array(65_536).fill(-1))
  const before = Array.from({ length: bands }, () => new Int32Array(hashes.length))
  const found: NearDuplicate[] = []
  const first = new Map<string, number>()
  bytes.forEach((hash, near) => {
    const same = first.get(hashes[near]!)
    if (same !== undefined) return void found.push({ near, of: same, distance: 0 })
    first.set(hashes[near]!, near)
    let best: NearDuplicate | null = null
    for (let band = 0; band < bands; band++) {
      const key = hash.readUInt16LE(2 * band)
      let compared = 0
      for (let of = last[band]![key]!; of >= 0 && compared++ < comparedEach; of = before[band]![of]!) {
        const distance = distanceOf(hash, bytes[of]!)
        if (distance <= bitLimit && (!best || distance < best.distance)) best = { near, of, distance }
      }
      before[band]![near] = last[band]![key]!
      last[band]![key] = near
    }
    if (best) found.push(best)
  })
  return found
}

/** Bits in which two hashes differ; Infinity where their colours are others. */
function distanceOf(a: Buffer, b: Buffer): number {
  for (let channel = 16; channel < 19; channel++)
    if (Math.abs(a[channel]! - b[channel]!) > colourLimit) return Infinity
  let distance = 0
  for (let word = 0; word < 16; word += 4) distance += bitsOf(a.readInt32LE(word) ^ b.readInt32LE(word))
  return distance
}

/** Ones among the 32 bits. */
function bitsOf(word: number): number {
  word -= (word >>> 1) & 0x55555555
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
