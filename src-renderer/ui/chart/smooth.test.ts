import { expect, it } from 'vitest'
import { smooth } from './smooth'

it('keeps values as they are without smoothing', () => expect(smooth([3, 1, 2], 0)).toEqual([3, 1, 2]))

it('begins with the first value, whatever the smoothing', () =>
  expect(smooth([5, 1], 0.99)[0]).toBeCloseTo(5, 12))

it('is the weighted mean of what came before', () => {
  // Weights 1, 0.5 and 0.25 from the newest back, over their sum.
  const [, second, third] = smooth([4, 2, 6], 0.5)
  expect(second).toBeCloseTo((2 + 0.5 * 4) / 1.5, 12)
  expect(third).toBeCloseTo((6 + 0.5 * 2 + 0.25 * 4) / 1.75, 12)
})

it('leaves a constant alone', () =>
  smooth([7, 7, 7, 7], 0.9).forEach((value) => expect(value).toBeCloseTo(7, 12)))
