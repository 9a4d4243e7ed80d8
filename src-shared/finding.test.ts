import { expect, it } from 'vitest'
import type { ExperimentVariant } from './contract'
import { chance, findingOf } from './finding'

const variant = (name: string, ...scores: number[]) =>
  ({
    name,
    runs: scores.map((knn) => ({ figures: { knn } })),
    mean: { knn: scores.length ? scores.reduce((a, b) => a + b) / scores.length : null },
  }) as unknown as ExperimentVariant
const found = (variants: ExperimentVariant[], images = 46) => findingOf(variants, 'knn', images)

it('is clear with several seeds where the worst beats the best of the others', () => {
  const raster = variant('raster', 0.45, 0.455)
  expect(found([raster, variant('random', 0.46, 0.47)])).toMatchObject({
    best: 'random',
    second: 'raster',
    clear: true,
  })
  expect(found([raster, variant('random', 0.454, 0.49)])).toMatchObject({ best: 'random', clear: false })
  expect(found([raster, variant('random', 0.46, 0.47)])!.gain).toBeCloseTo(0.0125)
})

it('is clear with one seed only beyond what test images leave to chance', () => {
  expect(chance(46)).toBeCloseTo(0.144, 3)
  expect(found([variant('a', 0.5), variant('b', 0.6)])!.clear).toBe(false)
  expect(found([variant('a', 0.5), variant('b', 0.7)])!.clear).toBe(true)
  expect(found([variant('a', 0.5), variant('b', 0.6)], 10_000)!.clear).toBe(true)
})

it('finds nothing before two variants have a score', () => {
  expect(found([variant('a', 0.5), variant('b')])).toBeNull()
})
