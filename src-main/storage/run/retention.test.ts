import { expect, it } from 'vitest'
import { stepsToRemove } from './retention'

const losses = [5, 2, 4, 1, 3, 6]
const checkpoints = losses.map((loss, i) => ({ step: 10 * (i + 1), number: i + 1, loss }))

it.each([
  ['all', { keepEvery: 1, keepBest: 0 }, []],
  ['only the newest', { keepEvery: 0, keepBest: 0 }, [10, 20, 30, 40, 50]],
  ['the newest and the two best', { keepEvery: 0, keepBest: 2 }, [10, 30, 50]],
  ['the newest, every third and the best', { keepEvery: 3, keepBest: 1 }, [10, 20, 50]],
])('keeps %s', (_name, rule, removed) => {
  expect(stepsToRemove(checkpoints, rule)).toEqual(removed)
})

it('keeps the checkpoint of a pause only while it is the newest', () => {
  const paused = [...checkpoints, { step: 65, number: null, loss: 9 }]
  expect(stepsToRemove(paused, { keepEvery: 2, keepBest: 0 })).toEqual([10, 30, 50])
  const after = [...paused, { step: 70, number: 7, loss: 8 }]
  expect(stepsToRemove(after, { keepEvery: 2, keepBest: 0 })).toContain(65)
})
