import { expect, it, vi } from 'vitest'
import { filmSteps, samePlace } from './reconstruction'

vi.mock('#backend', () => ({ backend: {}, onEvent: () => undefined }))

it('finds the patch at the same place of a picture that is cut into other patches', () => {
  expect(samePlace(5, 4, 4)).toBe(5)
  // Row 1, column 1 of 2 x 2 covers rows and columns 4 to 7 of 8 x 8.
  expect(samePlace(3, 2, 8)).toBe(6 * 8 + 6)
  for (let patch = 0; patch < 4; patch++) expect(samePlace(samePlace(patch, 2, 8), 8, 2)).toBe(patch)
})

it('shows at most ten steps, the first and the last among them', () => {
  expect(filmSteps([3, 6, 9])).toEqual([3, 6, 9])
  const steps = filmSteps(Array.from({ length: 95 }, (_, i) => i))
  expect(steps).toHaveLength(10)
  expect([steps[0], steps.at(-1)]).toEqual([0, 94])
  expect(new Set(steps).size).toBe(10)
})
