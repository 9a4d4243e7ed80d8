import { expect, it, vi } from 'vitest'
import { filmSteps } from './film'

vi.mock('#backend', () => ({ backend: {}, onEvent: () => undefined }))
vi.mock('#ui/file-url', () => ({ fileUrl: (path: string) => path }))

it('shows at most twelve steps, the first and the last among them, and the one that is looked at', () => {
  expect(filmSteps([3, 6, 9])).toEqual([3, 6, 9])
  const all = Array.from({ length: 95 }, (_, i) => i)
  const steps = filmSteps(all)
  expect(steps).toHaveLength(12)
  expect([steps[0], steps.at(-1)]).toEqual([0, 94])
  expect(filmSteps(all, 1)).toHaveLength(13)
  expect(filmSteps(all, 1)[1]).toBe(1)
})
