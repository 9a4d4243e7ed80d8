import { describe, expect, it } from 'vitest'
import { normals, permutation, philox, purposes, uniforms } from './random'

describe('philox', () => {
  it('gives the known answers of the Random123 distribution', () => {
    const answer = (...at: [Parameters<typeof philox>[1], Parameters<typeof philox>[2]]) =>
      Array.from(philox(new Uint32Array(4), ...at))
    expect(answer([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8])
    const ones = 0xffffffff
    expect(answer([ones, ones, ones, ones], [ones, ones])).toEqual([
      0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd,
    ])
    expect(answer([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ])
  })

  it('counts on from block to block', () => {
    const [counter, key] = [[5, 1, 2, 3] as const, [4, 6] as const]
    expect(philox(new Uint32Array(8), counter, key).slice(4)).toEqual(
      philox(new Uint32Array(4), [6, 1, 2, 3], key),
    )
  })
})

describe('rows of random numbers', () => {
  const mean = (values: Float64Array) => values.reduce((a, b) => a + b) / values.length

  it('are uniform in [0, 1), the same for the same row and others for another', () => {
    const row = uniforms(1, purposes.order, 2, 3, 10_000)
    expect(Math.min(...row)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...row)).toBeLessThan(1)
    expect(mean(row)).toBeCloseTo(0.5, 1)
    expect(uniforms(1, purposes.order, 2, 3, 10)).toEqual(row.slice(0, 10))
    expect(uniforms(1, purposes.crop, 2, 3, 10)).not.toEqual(row.slice(0, 10))
    expect(uniforms(1, purposes.order, 3, 2, 10)).not.toEqual(row.slice(0, 10))
  })

  it('are normal with mean 0 and deviation 1', () => {
    const row = normals(5, purposes.weights, 0, 0, 20_000)
    expect(Math.abs(mean(row))).toBeLessThan(0.03)
    expect(mean(row.map((z) => z * z))).toBeCloseTo(1, 1)
  })

  it('permute every number once', () => {
    const order = permutation(1000, 7, purposes.shuffle, 0)
    expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(order).not.toEqual(permutation(1000, 7, purposes.shuffle, 1))
  })
})
