import { describe, expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { purposes, uniforms } from '#shared/random'
import { augmentation, centreCrop } from './crop'

const h = fromPreset('base')
const draws = Array.from({ length: 4000 }, (_, i) =>
  augmentation(500, 400, h, uniforms(0, purposes.crop, 0, i, 5)),
)

describe('augmentation', () => {
  it('keeps every crop inside the image', () => {
    for (const { crop } of draws) {
      expect(crop.left).toBeGreaterThanOrEqual(0)
      expect(crop.top).toBeGreaterThanOrEqual(0)
      expect(crop.left + crop.width).toBeLessThanOrEqual(500)
      expect(crop.top + crop.height).toBeLessThanOrEqual(400)
    }
  })

  it('draws areas evenly and ratios evenly in their logarithm where the image does not clamp them', () => {
    const free = { ...h, cropScaleMinimum: 0.1, cropScaleMaximum: 0.3 }
    const crops = Array.from({ length: 4000 }, (_, i) =>
      augmentation(500, 500, free, uniforms(1, purposes.crop, 0, i, 5)),
    ).map(({ crop }) => crop)
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
    expect(mean(crops.map((c) => (c.width * c.height) / 250_000))).toBeCloseTo(0.2, 2)
    const ratios = crops.map((c) => Math.log(c.width / c.height))
    expect(mean(ratios)).toBeCloseTo(0, 1)
    expect(Math.max(...ratios)).toBeLessThan(Math.log(4 / 3) + 0.02)
    expect(Math.min(...ratios)).toBeGreaterThan(Math.log(3 / 4) - 0.02)
  })

  it('flips every second image, or none', () => {
    expect(draws.filter(({ flip }) => flip).length / draws.length).toBeCloseTo(0.5, 1)
    expect(augmentation(10, 10, { ...h, flip: false }, [0, 0, 0, 0, 0]).flip).toBe(false)
  })

  it('copes with images of one pixel', () => {
    expect(augmentation(1, 1, h, [0, 0, 0.9, 0.9, 0]).crop).toEqual({ left: 0, top: 0, width: 1, height: 1 })
  })
})

it('the centre crop is the largest square in the middle', () => {
  expect(centreCrop(5, 3)).toEqual({ left: 1, top: 0, width: 3, height: 3 })
})
