import { expect, it } from 'vitest'
import { fromPreset } from '../../src-shared/hyperparameters'
import { partSize } from './update'

it('computes a batch in equal parts that fit what the device is fastest with', () => {
  const imageBytes = 64 * 4 * 192 * 4
  const of = (batchSize: number, images: number) =>
    partSize(fromPreset('nano', { batchSize }), { fastestBytes: images * imageBytes })
  expect(of(64, 20)).toBe(16)
  expect(of(60, 20)).toBe(20)
  expect(of(7, 6)).toBe(1)
  expect(of(64, 0.5)).toBe(1)
  expect(of(64, Infinity)).toBe(64)
  const manyHeads = fromPreset('nano', { heads: 24 }) // 24 heads times 64 columns are wider than 4 C
  expect(partSize(manyHeads, { fastestBytes: 16 * imageBytes })).toBe(8)
})
