import { expect, it } from 'vitest'
import { lineOf } from '#storage/json-lines'
import { trendOf } from './sketch'

const lines = (losses: unknown[]) => losses.map((loss, i) => lineOf({ step: i + 1, loss, memory: 1 }))

it('draws a few steps as they are and many as means of stretches', () => {
  expect(trendOf(lines([3, 2, 1]))).toEqual([3, 2, 1])
  const long = trendOf(lines(Array.from({ length: 48 }, (_, i) => i)))
  expect(long).toHaveLength(24)
  expect([long[0], long[23]]).toEqual([0.5, 46.5])
})

it('leaves out what is no number, and draws nothing of nothing', () => {
  expect(trendOf([...lines([2, 'NaN', null, 1]), '{"step":'])).toEqual([2, 1])
  expect(trendOf([])).toEqual([])
})
