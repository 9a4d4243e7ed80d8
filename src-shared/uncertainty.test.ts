import { expect, it } from 'vitest'
import { uncertainty } from './uncertainty'

// By statsmodels: proportion_confint(count, images, method='wilson').
it.each([
  [28, 46, 0.7357, 0.46469],
  [46, 46, 1, 0.92293],
  [0, 20, 0.16112, 0],
  [500, 1000, 0.53089, 0.46911],
])('is half of the Wilson interval for %i of %i', (right, images, high, low) => {
  expect(uncertainty(right / images, images)).toBeCloseTo((high - low) / 2, 3)
})
