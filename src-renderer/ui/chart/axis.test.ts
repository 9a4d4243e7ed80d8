import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rangeOf, roundTicks, xAxis, yAxis } from './axis'

const labels = ({ ticks, label }: ReturnType<typeof xAxis>) => ticks.map(label)

it('steps and epochs have whole round numbers, thousands separated', () => {
  expect(labels(xAxis('step', 0, 1120))).toEqual(['0', '200', '400', '600', '800', '1,000'])
  expect(labels(xAxis('epoch', 0, 40))).toEqual(['0', '10', '20', '30', '40'])
  expect(labels(xAxis('epoch', 0, 3))).toEqual(['0', '1', '2', '3'])
  expect(labels(xAxis('epoch', 0, 1))).toEqual(['0', '1'])
  expect(labels(xAxis('epoch', 0, 40, 4))).toEqual(['0', '20', '40'])
})

it('there are four to seven whole numbers from 0 to any end of three or more', () =>
  fc.assert(
    fc.property(fc.double({ min: 3, max: 1e9, noNaN: true }), (end) => {
      const ticks = roundTicks(0, end, { whole: true })
      expect(ticks.length).toBeGreaterThanOrEqual(4)
      expect(ticks.length).toBeLessThanOrEqual(7)
      ticks.forEach((tick) => expect(Number.isInteger(tick)).toBe(true))
    }),
  ))

it('values are round and share their decimals; small ones have an exponent, minus is −', () => {
  expect(labels(yAxis(0.33, 1.25))).toEqual(['0.4', '0.6', '0.8', '1.0', '1.2'])
  expect(labels(yAxis(0, 5.2e-4))).toEqual(['0', '1e-4', '2e-4', '3e-4', '4e-4', '5e-4'])
  expect(labels(yAxis(-1.1, 0, { most: 4 }))).toEqual(['−1.0', '−0.5', '0.0'])
})

it('a logarithmic axis has 1, 2 and 5, and is as a linear one where these are too few', () => {
  expect(yAxis(0.05, 1.2, { log: true }).ticks).toEqual([0.05, 0.1, 0.2, 0.5, 1])
  expect(yAxis(0.4, 0.9, { log: true }).ticks).toEqual([0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
  expect(yAxis(1e-6, 1, { log: true }).ticks).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1])
})

it('time is in the unit whose numbers are whole', () => {
  expect(xAxis('time', 0, 50)).toMatchObject({ unit: 's', ticks: [0, 10, 20, 30, 40, 50] })
  expect(labels(xAxis('time', 0, 380))).toEqual(['0', '1', '2', '3', '4', '5', '6'])
  expect(xAxis('time', 0, 380).unit).toBe('min')
  expect(labels(xAxis('time', 0, 5 * 3600))).toEqual(['0', '1', '2', '3', '4', '5'])
})

it('a range has air, but none below 0 where nothing is, and is never empty', () => {
  expect(rangeOf([0.01, 1])[0]).toBe(0)
  expect(rangeOf([-1, 1])[0]).toBeLessThan(-1)
  for (const values of [[], [NaN], [0], [3], [-2]]) {
    const [from, to] = rangeOf(values)
    expect(to).toBeGreaterThan(from)
  }
})
