import { describe, expect, it } from 'vitest'
import { spreadOf } from './spread'

const rowsOf = (rows: number[][]) => ({ values: Float32Array.from(rows.flat()), width: rows[0]!.length })
const axis = (i: number, width: number, length = 1) =>
  Array.from({ length: width }, (_, k) => (k === i ? length : 0))
/** ± a length along each of the first axes. */
const cross = (lengths: number[], width: number) =>
  rowsOf(lengths.flatMap((length, i) => [axis(i, width, length), axis(i, width, -length)]))

describe('the spread of features', () => {
  it.each([1, 2, 5, 8])('that use %i of 8 directions alike has that effective rank', (used) => {
    const { effectiveRank, variance } = spreadOf(cross(Array(used).fill(3), 8))
    expect(effectiveRank).toBeCloseTo(used, 5)
    expect(variance).toBeCloseTo((used * 2 * 9) / (2 * used) / 8, 5) // mean over 8 features of Σx² / rows
  })

  it('is that of Roy and Vetterli where directions are used unequally, on few and on many rows', () => {
    // Singular values √2 · (3, 1): shares ¾ and ¼.
    const expected = Math.exp(-(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25)))
    expect(spreadOf(cross([3, 1], 8)).effectiveRank).toBeCloseTo(expected, 5)
    expect(spreadOf(cross([3, 1], 2)).effectiveRank).toBeCloseTo(expected, 5)
  })

  it('does not depend on where the features lie', () => {
    const here = cross([3, 2, 1], 4)
    const there = { ...here, values: here.values.map((value, i) => value + 10 * (1 + (i % 4))) }
    expect(spreadOf(there).effectiveRank).toBeCloseTo(spreadOf(here).effectiveRank, 4)
    expect(spreadOf(there).variance).toBeCloseTo(spreadOf(here).variance, 4)
  })

  it.each([
    ['equal', [axis(0, 4), axis(0, 4, 7), axis(0, 4)], 0],
    ['opposite', [axis(0, 4), axis(0, 4, -2)], -8], // |x - y|² = 4
    ['at right angles', [0, 1, 2, 3].map((i) => axis(i, 4)), -4], // |x - y|² = 2
  ])('has a known uniformity where they are %s', (_name, rows, uniformity) => {
    expect(spreadOf(rowsOf(rows)).uniformity).toBeCloseTo(uniformity, 5)
  })
})
