import { expect, it } from 'vitest'
import type { Health } from './contract'
import { type Course, courseOf, slower, verdictOf } from './course'

/** The losses of 600 steps of 1,000. */
const losses = (of: (step: number) => number) => {
  const step = Array.from({ length: 600 }, (_, i) => i + 1)
  return { step, loss: step.map((i) => of(i) + 0.02 * Math.sin(i * 1.7)) }
}
const falling = (step: number) => 0.4 + Math.exp(-step / 300)
const course = (of: (step: number) => number, total = 1000) => courseOf(losses(of), total)

it('a loss that falls, falls; after few steps nothing is said', () => {
  expect(course(falling)).toEqual({ kind: 'falls' })
  const { step, loss } = losses(falling)
  expect(courseOf({ step: step.slice(0, 50), loss: loss.slice(0, 50) }, 1000)).toEqual({ kind: 'early' })
})

it('a loss that stays is flat since about where it stopped falling, unless the run is nearly done', () => {
  const stays = (step: number) => 0.4 + Math.exp(-step / 20)
  const found = course(stays)
  expect(found.kind).toBe('flat')
  expect((found as { since: number }).since).toBe(401)
  expect(course(stays, 620)).toEqual({ kind: 'falls' })
  expect(course(stays, 10_000)).toEqual({ kind: 'falls' })
})

it('a loss that rises well above its lowest has risen since that', () => {
  const found = course((step) => (step < 300 ? falling(step) : falling(300) + (step - 300) / 500))
  expect(found.kind).toBe('rises')
  expect(Math.abs((found as { since: number }).since - 290)).toBeLessThan(25)
})

const health = (changes: Partial<Health>): Health => ({
  ...{ step: [1, 2, 3], epoch: [1, 2, 3], effectiveRank: [20, 40, 57], variance: [2, 1, 0.7] },
  ...{ uniformity: [-0.5, -0.7, -0.9], knn: [0.4, 0.5, 0.6] },
  ...changes,
})
const falls: Course = { kind: 'falls' }

it('the verdict says what speaks for it', () => {
  expect(verdictOf(falls, health({}))).toEqual({
    tone: 'ok',
    title: 'Healthy',
    text: 'Loss falls, features spread, neighbours agree more often with each epoch.',
  })
  expect(verdictOf(falls, health({ knn: [null, null, null], effectiveRank: [57, 40, 50] })).text).toBe(
    'Loss falls.',
  )
  expect(verdictOf({ kind: 'early' }, null).title).toBe('Too early to tell')
  expect(verdictOf(falls, null).title).toBe('Healthy')
})

it('the verdict names what is wrong, collapse before all', () => {
  const collapsing = health({ effectiveRank: [20, 40, 5] })
  expect(verdictOf({ kind: 'rises', since: 9 }, collapsing).title).toBe('Collapsing')
  expect(verdictOf(falls, health({ variance: [2, 1, 0.01] })).title).toBe('Collapsing')
  expect(verdictOf({ kind: 'rises', since: 1200 }, health({}))).toMatchObject({
    title: 'Diverging',
    text: 'The loss has risen since step 1,200.',
  })
  expect(verdictOf({ kind: 'flat', since: 9 }, health({})).title).toBe('Plateau')
})

it('slower is half as fast, and never below its own minimum', () =>
  expect(slower({ baseLearningRate: 1e-3, minimumLearningRate: 8e-4 })).toEqual({
    baseLearningRate: 5e-4,
    minimumLearningRate: 5e-4,
  }))
