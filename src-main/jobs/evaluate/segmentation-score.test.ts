import { describe, expect, it } from 'vitest'
import { waves } from '#test/helpers/reference'
import { classShares } from './segmentation'
import { classesOfPixels, countPixels, segmentationScore } from './segmentation-score'

it('names pixels as PyTorch does with interpolated logits', () => {
  // F.interpolate(waves, size=(10, 10), mode='bilinear', align_corners=False).argmax(1)
  const wanted = [
    '1111222222', '1111222222', '1111122222', '0000011111', '0000000111',
    '0000000111', '2220000000', '2222222200', '1122222222', '1122222222',
  ] // prettier-ignore
  expect(classesOfPixels(waves(27), 3, 10, 3).join('')).toBe(wanted.join(''))
})

it('counts pixels that are labelled', () => {
  const confusion = [
    [0, 0],
    [0, 0],
  ]
  countPixels(confusion, Uint8Array.of(0, 0, 1, 255, 1), Uint8Array.of(0, 1, 1, 1, 1))
  expect(confusion).toEqual([
    [1, 1],
    [0, 2],
  ])
})

describe('the score of a known confusion', () => {
  // Class 2 is nowhere, and nothing was named so; class 3 is nowhere, but a pixel was.
  const confusion = [
    [50, 10, 0, 0],
    [5, 34, 0, 1],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ]
  const score = segmentationScore(confusion, ['sky', 'sea', 'sand', 'ship'], 4)

  it('has the mean intersection over union of the classes that are there or were named', () => {
    expect(score.perClass.map(({ iou }) => iou)).toEqual([50 / 65, 34 / 50, null, 0])
    expect(score.meanIou).toBeCloseTo((50 / 65 + 34 / 50 + 0) / 3, 10)
  })

  it('has the shares of all pixels and of each class', () => {
    expect(score.top1).toBeCloseTo(0.84, 10)
    expect(score.balanced).toBeCloseTo((50 / 60 + 34 / 40) / 2, 10)
    expect(score).toMatchObject({ images: 4, top5: null })
  })
})

it('gives a patch the shares of its labelled pixels', () => {
  const mask = Uint8Array.from([0, 1, 255, 255, 1, 1, 255, 255, 2, 2, 0, 255, 2, 2, 255, 255])
  expect([...classShares(mask, 2, 3)]).toEqual([0.25, 0.75, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0])
})
