import { expect, it } from 'vitest'
import { evenlySpread } from './spread'

it('takes items evenly, the first and the last among them', () => {
  expect(evenlySpread([1, 2, 3], 4)).toEqual([1, 2, 3])
  expect(evenlySpread([1, 2, 3, 4, 5, 6, 7], 4)).toEqual([1, 3, 5, 7])
})
