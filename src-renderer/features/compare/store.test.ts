import { expect, it, vi } from 'vitest'
import { endLoss, mostOften } from './store'

vi.mock('#backend', () => ({ backend: {}, onEvent: () => undefined }))

it('takes the loss of the last 20 steps, also where rows stand for several', () => {
  expect(endLoss({ loss: [], steps: [] })).toBeNull()
  expect(endLoss({ loss: [9, 1, 3], steps: [10, 10, 10] })).toBe(2)
  const single = Array.from({ length: 40 }, (_, i) => (i < 20 ? 5 : 1))
  expect(endLoss({ loss: single, steps: single.map(() => 1) })).toBe(1)
})

it('takes as usual what most have, and the first of a draw', () => {
  expect(mostOften(['raster', 'random', 'random'])).toBe('random')
  expect(mostOften(['a', 'b'])).toBe('a')
  expect(mostOften([])).toBeUndefined()
})
