import { expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { resumePoint } from '#storage/run/progress'
import { Course } from './course'

const settings = { epochs: 3, batchSize: 4, accumulation: 2, checkpointEvery: 1 }
const course = (changes: Partial<typeof settings> = {}, from = {}) =>
  new Course(fromPreset('nano', { ...settings, ...changes }), { ...resumePoint(null, 5), ...from }, 5)

it('takes whole steps only, and one at least', () => {
  expect(course().totalSteps).toBe(7) // of 15 batches, two a step
  expect(course({ accumulation: 100 }).totalSteps).toBe(1)
})

it('counts on from where a run goes on, even with another accumulation', () => {
  const later = course({ accumulation: 1 }, { step: 4, batch: 8 })
  expect(later.totalSteps).toBe(11)
  expect(later.batchesAt(6)).toBe(10)
  expect(later.epochOf(6)).toBe(2)
})

it('ends an epoch where a step crosses it, and at the last step', () => {
  expect([1, 2, 3, 4, 5, 6, 7].filter((step) => course().endsEpoch(step))).toEqual([3, 5, 7])
})

it('has regular checkpoints, numbered, the last at the end', () => {
  const regular = [1, 2, 3, 4, 5, 6, 7].filter((step) => course().isRegular(step))
  expect(regular).toEqual([3, 6, 7])
  expect(regular.map((step) => course().numberOf(step))).toEqual([1, 2, 3])
})
