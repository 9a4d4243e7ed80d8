import { expect, it } from 'vitest'
import { scoreOf, shareOfVotes, softmax } from './score'

const classes = ['a', 'b', 'c', 'd', 'e', 'f', 'never seen']

it('counts first and first five places, each class for itself, and what was taken for what', () => {
  const scores = [
    [9, 1, 2, 3, 4, 5, 0], // an a, named a
    [3, 9, 2, 4, 5, 6, 0], // an a, named b, in fifth place
    [9, 8, 7, 6, 5, 4, 0], // an f, named a, in sixth place
    [0, 5, 5, 0, 0, 0, 0], // a b, equal to c, which comes later
  ]
  const score = scoreOf(scores.flat(), [0, 0, 5, 1], classes)
  expect(score).toMatchObject({ images: 4, top1: 2 / 4, top5: 3 / 4 })
  expect(score.balanced).toBeCloseTo((1 / 2 + 1 + 0) / 3)
  expect(score.perClass[0]).toEqual({ name: 'a', images: 2, accuracy: 0.5 })
  expect(score.perClass[6]!.accuracy).toBeNull()
  expect(score.confusion[0]!.slice(0, 2)).toEqual([1, 1])
  expect(score.confusion[5]![0]).toBe(1)
})

it('names the images that were taken for another class, the surest first', () => {
  const asked = { paths: ['right.png', 'unsure.png', 'sure.png'], shares: softmax }
  const { mistakes } = scoreOf([3, 0, 0.2, 0, 0, 5], [0, 1, 0], ['cat', 'dog'], asked)
  expect(mistakes).toEqual([
    { path: 'sure.png', label: 0, predicted: 1, confidence: expect.closeTo(0.9933, 4) },
    { path: 'unsure.png', label: 1, predicted: 0, confidence: expect.closeTo(0.5498, 4) },
  ])
  const byVotes = scoreOf([1, 3], [0], ['cat', 'dog'], { paths: ['a.png'], shares: shareOfVotes })
  expect(byVotes.mistakes[0]!.confidence).toBe(0.75)
})
