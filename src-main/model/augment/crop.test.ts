import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { purposes, uniforms } from '#shared/random'
import { distance, type Histogram } from '#test/helpers/distributions'
import { augmentation, augmentationDraws, centreCrop, type Crop, oneDraw } from './crop'

/** How torchvision draws crops, see test/python/transforms_reference.py. */
const {
  crops,
}: {
  crops: {
    kind: 'torchvision' | 'one draw'
    image: [number, number]
    smallest: number
    histograms: Record<keyof Crop, Histogram>
  }[]
} = JSON.parse(readFileSync('test/python/transforms-reference.json', 'utf8'))

const h = fromPreset('base')
const drawn = (count: number, width: number, height: number, settings = h, draw = augmentation) =>
  Array.from({ length: count }, (_, i) =>
    draw(width, height, settings, uniforms(0, purposes.crop, 0, i, augmentationDraws)),
  )

describe('random crops', () => {
  it.each(crops)('are distributed as those of $kind: $image from $smallest', (wanted) => {
    const settings = { ...h, cropScaleMinimum: wanted.smallest }
    const draw = wanted.kind === 'torchvision' ? augmentation : oneDraw
    const found = drawn(100_000, ...wanted.image, settings, draw)
    for (const side of ['left', 'top', 'width', 'height'] as const) {
      const values = found.map(({ crop }) => crop[side])
      // Of equal distributions one in a thousand pairs of 100,000 draws differs by more than 1.95 √(2 / 100,000).
      expect(distance(values, wanted.histograms[side]), side).toBeLessThan(1.95 * Math.sqrt(2 / 100_000))
    }
  })

  it.each([augmentation, oneDraw])('stay inside the image: %o', (draw) => {
    for (const [width, height] of [
      [500, 400],
      [30, 900],
      [1, 1],
      [7, 1],
    ] as const)
      // prettier-ignore
      for (const { crop } of drawn(500, width, height, { ...h, cropScaleMinimum: 0.08 }, draw)) {
        expect(Math.min(crop.left, crop.top)).toBeGreaterThanOrEqual(0)
        expect(Math.min(crop.width, crop.height)).toBeGreaterThanOrEqual(1)
        expect(crop.left + crop.width).toBeLessThanOrEqual(width)
        expect(crop.top + crop.height).toBeLessThanOrEqual(height)
      }
  })

  it('flip every second image, or none', () => {
    expect(drawn(4000, 500, 400).filter(({ flip }) => flip).length / 4000).toBeCloseTo(0.5, 1)
    expect(drawn(100, 500, 400, { ...h, flip: false }).some(({ flip }) => flip)).toBe(false)
  })
})

it('the centre crop is the largest square in the middle', () => {
  expect(centreCrop(5, 3)).toEqual({ left: 1, top: 0, width: 3, height: 3 })
})
