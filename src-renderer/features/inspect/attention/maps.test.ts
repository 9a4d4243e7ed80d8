import { expect, it } from 'vitest'
import { attended, levelsOf, withMean } from './maps'

it('the mean stands behind the heads', () =>
  expect(
    withMean([
      [0, 1],
      [1, 0],
    ]),
  ).toEqual([
    [0, 1],
    [1, 0],
    [0.5, 0.5],
  ]))

it('levels are shares of the largest patch, not of the class token', () => {
  expect(levelsOf([0.9, 0.05, 0.1], null)).toEqual([0.5, 1])
  expect(levelsOf([0.9, 0.05, 0.1], 0.2)).toEqual([0.25, 0.5])
  expect(levelsOf([1, 0, 0], null)).toEqual([0, 0])
})

it('says where the most goes, and how far', () => {
  // Of 2 x 2 patches, all but the class token's share goes to the last, diagonal to the first.
  expect(attended([0.2, 0, 0, 0, 0.8], 0)).toEqual({
    ...{ row: 1, column: 1, share: 0.8, toClass: 0.2 },
    distance: Math.SQRT2,
  })
  expect(attended([0.2, 0, 0, 0, 0.8], null).distance).toBeNull()
})
