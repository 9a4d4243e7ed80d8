import { expect, it } from 'vitest'
import type { Experiment, ExperimentSummary } from '#shared/contract'
import { gainsBySeed, sentenceOf, stateOf, ticksAround } from './finding'

const variant = (name: string, ...scores: number[]) => ({
  name,
  runs: scores.map((knnBalanced, seed) => ({
    seed,
    figures: { knnBalanced, probeBalanced: knnBalanced + 0.05 },
  })),
  mean: {
    knnBalanced: scores.reduce((a, b) => a + b, 0) / scores.length,
    probeBalanced: scores.reduce((a, b) => a + b, 0) / scores.length + 0.05,
  },
})
const experiment = (variants: ReturnType<typeof variant>[], changes = {}) =>
  ({ variants, testImages: 46, under: null, scores: ['knn', 'probe'], ...changes }) as unknown as Experiment

it('says who wins, by which seeds and by how much', () => {
  const found = sentenceOf(
    experiment([variant('Raster order', 0.45, 0.457), variant('Random order', 0.463, 0.466)]),
  )
  expect(found).toEqual({
    clear: true,
    first: 'Random order learns more.',
    more: 'Its worst seed (46.3%) beats the best of raster order (45.7%). Mean gain: 1.1 points of kNN, 1.1 points of the linear probe.',
  })
})

it('says that nobody wins clearly, and that it may change', () => {
  const close = [variant('MAE', 0.5), variant('SAIM', 0.52)]
  expect(sentenceOf(experiment(close))).toMatchObject({ clear: false, first: 'No clear winner.' })
  expect(sentenceOf(experiment(close))!.more).toBe(
    'SAIM is ahead of MAE by 2 points of kNN, which can be chance.',
  )
  expect(sentenceOf(experiment(close, { under: 'queued' }))!.first).toBe('No clear winner yet.')
  expect(sentenceOf(experiment([variant('MAE', 0.5)]))).toBeNull()
})

it('compares the same seeds', () => {
  const pair = experiment([variant('a', 0.5, 0.6, 0.7), variant('b', 0.4, 0.65)])
  const gains = gainsBySeed(pair, 'a', 'b', 'knnBalanced')
  expect(gains.map(({ seed, gain }) => [seed, Number(gain.toFixed(2))])).toEqual([
    [0, 0.1],
    [1, -0.05],
  ])
})

it('names the state by what matters most', () => {
  const word = (changes: Partial<ExperimentSummary>) =>
    stateOf({ under: null, failed: 0, finished: 4, total: 4, ...changes } as ExperimentSummary).word
  expect(word({})).toBe('Finished')
  expect(word({ finished: 3, failed: 1 })).toBe('1 run failed')
  expect(word({ finished: 2, under: 'running', failed: 1 })).toBe('Training')
  expect(word({ finished: 0, under: 'queued' })).toBe('Queued')
  expect(word({ finished: 3 })).toBe('Stopped')
})

it('puts round numbers around scores', () => {
  expect(ticksAround([0.406, 0.466])).toEqual([40, 42, 44, 46, 48])
  expect(ticksAround([0.5])).toEqual([50, 50.1])
  expect(ticksAround([])).toEqual([])
})
