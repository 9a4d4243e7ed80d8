import { describe, expect, it } from 'vitest'
import { uniforms } from '#shared/random'
import { nearDuplicates } from './near-duplicates'

const hash = (seed: number) =>
  Buffer.from(Uint8Array.from(uniforms(seed, 1, 0, 0, 19), (u) => u * 256)).toString('hex')

/** The hash with some of its bits turned. */
function turned(hex: string, bits: number[]): string {
  const bytes = Buffer.from(hex, 'hex')
  for (const bit of bits) bytes[bit >> 3]! ^= 1 << (bit & 7)
  return bytes.toString('hex')
}

describe('near duplicates', () => {
  const others = Array.from({ length: 2000 }, (_, i) => hash(i))

  it('are found wherever their bits differ, and nothing else is', () => {
    const copies = [[], [0], [5, 21, 37, 53, 69, 85], [0, 1, 2, 3, 4, 5]].map((bits, i) =>
      turned(others[i * 100]!, bits),
    )
    expect(nearDuplicates([...others, ...copies])).toEqual(
      [0, 1, 6, 6].map((distance, i) => ({ near: 2000 + i, of: i * 100, distance })),
    )
  })

  it('differ in few bits and have the same colour', () => {
    const many = turned(others[0]!, [1, 18, 35, 52, 69, 86, 103])
    const bytes = Buffer.from(others[0]!, 'hex')
    bytes[17] = (bytes[17]! + 128) % 256
    expect(nearDuplicates([others[0]!, many, bytes.toString('hex')])).toEqual([])
  })

  it('are all of the first among thousands of blank images', () => {
    const found = nearDuplicates(Array.from({ length: 20_000 }, () => '00'.repeat(19)))
    expect(found).toHaveLength(19_999)
    expect(found.every(({ of, distance }) => of === 0 && distance === 0)).toBe(true)
  })
})
