import { expect, it, vi } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { aRun } from '#test/helpers/a-run'
import { endLoss, mostOften, orderOf } from './store'

vi.mock('#backend', () => ({ backend: {}, onEvent: () => undefined }))

it('takes the loss of the last 20 steps, also where rows stand for several', () => {
  expect(endLoss({ loss: [], steps: [] })).toBeNull()
  expect(endLoss({ loss: [9, 1, 3], steps: [10, 10, 10] })).toBe(2)
  const single = Array.from({ length: 40 }, (_, i) => (i < 20 ? 5 : 1))
  expect(endLoss({ loss: single, steps: single.map(() => 1) })).toBe(1)
})

it('has all runs predict by the same order, and ViT-iGPT row by row', () => {
  const [random, raster, igpt] = [{}, { order: 'raster' }, { objective: 'igpt' }].map((changes) =>
    aRun({ hyperparameters: fromPreset('nano', changes as never) }),
  )
  expect([random!, raster!, igpt!].map((run) => orderOf(run, 'trained').kind)).toEqual([
    'random',
    'raster',
    'raster',
  ])
  expect([random!, raster!, igpt!].map((run) => orderOf(run, 'centre-out').kind)).toEqual([
    ...['centre-out', 'centre-out', 'raster'],
  ])
  expect(orderOf(raster!, 'random')).toEqual({ kind: 'random', seed: 0 })
})

it('takes as usual what most have, and the first of a draw', () => {
  expect(mostOften(['raster', 'random', 'random'])).toBe('random')
  expect(mostOften(['a', 'b'])).toBe('a')
  expect(mostOften([])).toBeUndefined()
})
