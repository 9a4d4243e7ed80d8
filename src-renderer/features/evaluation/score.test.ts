import { expect, it } from 'vitest'
import type { Evaluation, Score } from '#shared/contract'
import { chanceOf, mainScore, mistakesOf } from './score'

const of = (top1: number, images: number, more: object = {}) =>
  ({ kind: 'knn', score: { top1, images, ...more } }) as unknown as Evaluation

it('knows a segmentation by its mean IoU, all others by top-1', () => {
  expect(mainScore(of(0.5, 10))).toBe(0.5)
  expect(mainScore({ ...of(0.9, 10, { meanIou: 0.4 }), kind: 'segment' })).toBe(0.4)
})

it('says which gain can be chance, until there are images enough', () => {
  expect(chanceOf(of(0.609, 46), of(0.5, 46))).toBe(14)
  expect(chanceOf(of(0.609, 4600), of(0.5, 4600))).toBeNull()
  expect(chanceOf(of(0.2, 4600), of(0.5, 4600))).toBe(1) // worse than random weights
  expect(chanceOf(of(0.609, 46), undefined)).toBeNull()
})

it('shows the images behind a cell', () => {
  const mistakes = [
    { path: 'a.png', label: 0, predicted: 1, confidence: 0.9 },
    { path: 'b.png', label: 2, predicted: 1, confidence: 0.8 },
  ]
  const score = { mistakes } as unknown as Score
  expect(mistakesOf(score, null)).toEqual(mistakes)
  expect(mistakesOf(score, { row: 2, column: 1 })).toEqual([mistakes[1]])
  expect(mistakesOf(score, { row: 1, column: 2 })).toEqual([])
})
