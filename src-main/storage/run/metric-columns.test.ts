import { expect, it } from 'vitest'
import type { MetricColumns } from '#shared/contract'
import { after, bucketed, columnsOf } from './metric-columns'

const columns = (losses: number[], validation: Record<number, number> = {}): MetricColumns =>
  columnsOf(
    losses.map((loss, i) => ({
      ...{
        step: i + 1,
        epoch: (i + 1) / 10,
        loss,
        learningRate: 1e-3 * i,
        gradientNorm: 1,
        imagesPerSecond: 50,
      },
      ...{ dataWait: 0, memory: 1e8, seconds: i, validationLoss: validation[i + 1] },
    })),
  )

it('keeps the rows of short runs as they are', () => {
  const few = columns([3, 1, 2], { 2: 0.5 })
  expect(bucketed(few, 3)).toBe(few)
  expect(few).toMatchObject({
    steps: [1, 1, 1],
    lossLow: [3, 1, 2],
    lossHigh: [3, 1, 2],
    validationLoss: [null, 0.5, null],
  })
})

it('has mean, lowest and highest loss of each stretch, its last validation loss and its last step', () => {
  expect(bucketed(columns([1, 5, 3, 2, 4, 9], { 2: 0.7, 3: 0.5 }), 2)).toMatchObject({
    step: [3, 6],
    epoch: [0.3, 0.6],
    steps: [3, 3],
    loss: [3, 5],
    lossLow: [1, 2],
    lossHigh: [5, 9],
    learningRate: [0.002, 0.005],
    validationLoss: [0.5, null],
  })
})

it('has at most so many rows, in order, that stand for all steps, however often it is done', () => {
  const losses = Array.from({ length: 1000 }, (_, i) => Math.sin(i * i))
  for (const points of [2, 7, 333, 999]) {
    const twice = bucketed(bucketed(columns(losses), 500), points)
    expect(twice.step.length).toBeLessThanOrEqual(points)
    expect(twice.step).toEqual([...twice.step].sort((a, b) => a - b))
    let from = 0
    for (const [row, n] of twice.steps.entries()) {
      const stretch = losses.slice(from, (from += n))
      expect(twice.loss[row]).toBeCloseTo(stretch.reduce((sum, loss) => sum + loss) / n, 12)
      expect(twice.lossLow[row]).toBe(Math.min(...stretch))
      expect(twice.lossHigh[row]).toBe(Math.max(...stretch))
    }
    expect(from).toBe(1000)
  }
})

it('leaves rows without a finite loss out', () => {
  const { steps, loss, lossLow, lossHigh } = bucketed(columns([1, NaN, 3, Infinity, NaN, 5]), 3)
  expect({ steps, loss, lossLow, lossHigh }).toEqual({
    steps: [1, 1, 1],
    loss: [1, 3, 5],
    lossLow: [1, 3, 5],
    lossHigh: [1, 3, 5],
  })
  expect(bucketed(columns([NaN, NaN, NaN]), 2).step).toEqual([])
})

it('goes on after a step', () => {
  expect(after(columns([1, 2, 3]), 1).step).toEqual([2, 3])
  expect(after(columns([1, 2, 3]), 3).loss).toEqual([])
})
