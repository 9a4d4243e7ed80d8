import { randomInt } from 'node:crypto'

/** Rounds of a fuzzer: `few` in npm test, as many as FAULTS says where somebody asks for more. */
export const rounds = (few: number): number => Number(process.env['FAULTS'] ?? few)

/** Random choices that a seed repeats. */
export interface Chance {
  /** A whole number from 0 to below `end`. */
  below(end: number): number
  pick<T>(of: readonly T[]): T
  bytes(count: number): Buffer
}

/** Seeds come from FUZZ_SEED, else anew each time, and are printed so that a failure can be repeated. */
export function chance(name: string): Chance {
  const seed = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31))
  console.log(`${name}: FUZZ_SEED=${seed}`)
  let state = seed | 0
  // Mulberry32: one 32-bit state, enough for choosing what to break.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return {
    below,
    pick: (of) => of[below(of.length)]!,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
  }
}
