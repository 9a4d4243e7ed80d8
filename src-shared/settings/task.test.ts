import { expect, it } from 'vitest'
import { fromPreset } from './hyperparameters'
import { taskDifferences, whyNoLosses } from './task'

const run = (changes: Parameters<typeof fromPreset>[1] = {}, name = 'emoji') => ({
  hyperparameters: fromPreset('nano', changes),
  dataset: { name },
})
const why = (...runs: ReturnType<typeof run>[]) => whyNoLosses(runs)

it('lets losses of the same task be compared, whatever the model and the optimiser', () => {
  expect(why(run(), run({ seed: 1, baseLearningRate: 1e-3, queryDepth: 1, head: 'linear' }))).toBeNull()
})

it('says what changes the task', () => {
  expect(why(run(), run({ order: 'raster' }), run({ blurSize: 0 }))).toBe(
    'Order and blur change the task, so these losses cannot be compared. Compare kNN.',
  )
  expect(why(run(), run({ loss: 'L1' }))).toMatch(/^Loss changes the task/)
  expect(why(run(), run({}, 'flags'))).toMatch(/^Images change the task/)
})

it('minds hidden patches only where something is hidden', () => {
  const of = (changes: Parameters<typeof fromPreset>[1]) => run(changes).hyperparameters
  expect(taskDifferences([of({}), of({ maskRatio: 0.5 })])).toEqual([])
  expect(taskDifferences([of({ objective: 'mae' }), of({ objective: 'mae', maskRatio: 0.5 })])).toEqual([
    'hidden patches',
  ])
})
