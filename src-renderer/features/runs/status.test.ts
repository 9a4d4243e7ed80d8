import { expect, it } from 'vitest'
import type { Run } from '#shared/contract'
import { stateOf } from './status'

const word = (changes: Partial<Run>, place = -1) =>
  stateOf({ stalledSeconds: null, error: null, ...changes } as Run, place).word

it('says which place a run has in the queue', () => {
  const places = [0, 1, 2, 3, 10, 11, 12, 20, 100].map((place) => word({ status: 'queued' }, place))
  expect(places.map((text) => text.replace('Queued, ', ''))).toEqual([
    ...['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '101st'],
  ])
  expect(word({ status: 'queued' })).toBe('Queued')
})

it('names what a run failed of, and that one is stuck', () => {
  expect(word({ status: 'failed', error: { code: 'out-of-memory', message: '' } })).toBe('Out of memory')
  expect(word({ status: 'failed', error: { code: 'unexpected', message: '' } })).toBe('Failed')
  expect(word({ status: 'running' })).toBe('Training')
  expect(word({ status: 'running', stalledSeconds: 180 })).toBe('Stuck')
})
