import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { augmentation, augmentationDraws, smallestCrop } from '#model/augment/crop'
import { reduceCrop, reductionFor } from './reduction'

const h = fromPreset('base')

describe('the reduction of an image', () => {
  it('is as large as every possible crop allows', () => {
    expect(reductionFor(smallestCrop(500, 375, h), 224)).toBe(1)
    expect(reductionFor(smallestCrop(1000, 750, h), 224)).toBe(2)
    expect(reductionFor(smallestCrop(4000, 3000, h), 224)).toBe(8)
  })

  it('leaves every crop inside the image and no smaller than the target', () => {
    const side = fc.integer({ min: 1, max: 5000 })
    const draws = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), {
      minLength: augmentationDraws,
      maxLength: augmentationDraws,
    })
    fc.assert(
      fc.property(side, side, draws, (width, height, u) => {
        const reduction = reductionFor(smallestCrop(width, height, h), h.imageSize)
        const crop = reduceCrop(augmentation(width, height, h, u).crop, reduction)
        expect(crop.left + crop.width).toBeLessThanOrEqual(Math.ceil(width / reduction))
        expect(crop.top + crop.height).toBeLessThanOrEqual(Math.ceil(height / reduction))
        if (reduction > 1)
          expect(Math.min(crop.width, crop.height)).toBeGreaterThanOrEqual(h.imageSize - 1 / 2)
      }),
    )
  })
})
