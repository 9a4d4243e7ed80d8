import { describe, expect, it } from 'vitest'
import type { Metric } from '../../src-shared/contract'
import { after, columnsOf, thin } from './metrics'

const metric = (step: number, loss: number, validationLoss?: number): Metric => ({
  step,
  epoch: step / 10,
  loss,
  learningRate: 1e-3,
  gradientNorm: 1,
  imagesPerSecond: 50,
  dataWait: 0,
  memory: 1e8,
  seconds: step,
  ...(validationLoss === undefined ? {} : { validationLoss }),
})

describe('metrics for a chart', () => {
  const losses = Array.from({ length: 1000 }, (_, i) => 1 / (i + 1))
  losses[333] = 9
  losses[666] = -9
  const columns = columnsOf(losses.map((loss, i) => metric(i + 1, loss, i % 500 === 250 ? 0.5 : undefined)))

  it('keep their ends, their spikes and their validation', () => {
    const few = thin(columns, 50)
    expect(few.step.length).toBeLessThanOrEqual(52)
    for (const step of [1, 334, 667, 251, 751, 1000]) expect(few.step).toContain(step)
    expect(few.step).toEqual([...few.step].sort((a, b) => a - b))
    expect(few.loss.map((loss, i) => loss === losses[few.step[i]! - 1])).not.toContain(false)
    expect(few.validationLoss.filter((value) => value !== null)).toEqual([0.5, 0.5])
  })

  it('are left alone where they are few', () => expect(thin(columns, 1000)).toBe(columns))

  it('go on after a step', () => {
    expect(after(columns, 998).step).toEqual([999, 1000])
    expect(after(columns, 1000).loss).toEqual([])
  })
})
