import { expect, it } from 'vitest'
import { changeInEpoch, runAxis } from './axis'

const metrics = { step: [10, 20, 30], epoch: [1, 2, 3], seconds: [100, 150, 200] }
const run = { totalSteps: 60, secondsLeft: 90, hyperparameters: { epochs: 6 } }

it('steps and epochs end as planned, and a step is at its place on each', () => {
  expect(runAxis('step', metrics, run)).toMatchObject({ x: [10, 20, 30], end: 60 })
  expect(runAxis('epoch', metrics, run)).toMatchObject({ x: [1, 2, 3], end: 6 })
  expect(runAxis('epoch', metrics, run).at(30)).toBe(3)
  expect(runAxis('epoch', metrics, run).stepAt(3)).toBe(30)
  expect(runAxis('time', metrics, run).stepAt(151)).toBe(20)
})

it('time ends when the run is expected to end, also where it rests', () => {
  expect(runAxis('time', metrics, run)).toMatchObject({ x: [100, 150, 200], end: 290 })
  expect(runAxis('time', metrics, run).at(21)).toBe(150)
  expect(runAxis('time', metrics, { ...run, secondsLeft: null }).end).toBe(400)
  expect(runAxis('time', { step: [], epoch: [], seconds: [] }, { ...run, secondsLeft: null }).end).toBe(0)
})

it('the change of an epoch compares it with the one before', () => {
  const epoch = [0.5, 1, 1.5, 2, 2.5, 3]
  expect(changeInEpoch({ epoch, loss: [9, 9, 4, 2, 2, 1] })).toBeCloseTo(1.5 - 3)
  expect(changeInEpoch({ epoch: [0.5, 1], loss: [2, 1] })).toBeNull()
})
