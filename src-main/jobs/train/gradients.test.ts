import { expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { planOf } from './gradients'

const imageBytes = 64 * 4 * 192 * 4
const whole = { lanes: 1, branches: 1 }

it('computes a batch in equal parts that fit what the device is fastest with', () => {
  const of = (batchSize: number, images: number) =>
    planOf(fromPreset('nano', { batchSize }), { fastestBytes: images * imageBytes, ...whole }).size
  expect(of(64, 20)).toBe(16)
  expect(of(60, 20)).toBe(20)
  expect(of(7, 6)).toBe(1)
  expect(of(64, 0.5)).toBe(1)
  expect(of(64, Infinity)).toBe(64)
  const manyHeads = fromPreset('nano', { heads: 24 }) // 24 heads times 64 columns are wider than 4 C
  expect(planOf(manyHeads, { fastestBytes: 16 * imageBytes, ...whole }).size).toBe(8)
})

it('gives each core parts of its own, unless the model is large', () => {
  const of = (batchSize: number, lanes: number, accumulation = 1) =>
    planOf(fromPreset('nano', { batchSize, accumulation }), {
      fastestBytes: 16 * imageBytes,
      lanes,
      branches: 1,
    })
  expect(of(64, 2)).toEqual({ size: 16, lanes: 2, branches: 1 })
  expect(of(64, 16)).toEqual({ size: 4, lanes: 16, branches: 1 })
  expect(of(8, 2)).toEqual({ size: 4, lanes: 2, branches: 1 })
  expect(of(8, 2, 4)).toEqual({ size: 8, lanes: 2, branches: 1 })
  expect(of(1, 2)).toEqual({ size: 1, lanes: 1, branches: 1 })
  const large = planOf(fromPreset('base'), { fastestBytes: Infinity, lanes: 2, branches: 1 })
  expect(large.lanes).toBe(1)
})

it('takes larger parts of models with many weights, whose gradients are added up after each', () => {
  const of = (batchSize: number) => {
    const imageBytes = 196 * 4 * 768 * 4
    const device = { fastestBytes: 2 * imageBytes, lanes: 1, branches: 1 }
    return planOf(fromPreset('base', { batchSize }), device).size
  }
  expect([of(4), of(8)]).toEqual([4, 4])
})

it('divides each part among the branches of a program', () => {
  const of = (batchSize: number, branches: number, images = 16) =>
    planOf(fromPreset('nano', { batchSize }), { fastestBytes: images * imageBytes, lanes: 1, branches })
  expect(of(64, 2)).toEqual({ size: 32, lanes: 1, branches: 2 })
  expect(of(9, 2)).toEqual({ size: 9, lanes: 1, branches: 2 })
  // An image for each core, though one alone is more than its caches hold.
  expect(of(8, 4, 0.5)).toEqual({ size: 4, lanes: 1, branches: 4 })
  expect(of(3, 4)).toEqual({ size: 3, lanes: 1, branches: 3 })
})
