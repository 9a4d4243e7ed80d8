import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { centreOf, classify, fit } from './few-shot'
import { ridge } from './ridge'

interface Case {
  count: number
  penalty: number
  weights: number[][]
  bias: number[]
  leftOut: number[][]
}
const reference = JSON.parse(readFileSync('test/python/few-shot-reference.json', 'utf8')) as {
  width: number
  cases: Case[]
}
const classes = 3

/** The rows of test/python/few_shot_reference.py. */
function rows(count: number, width: number): Float32Array {
  const values = Float64Array.from({ length: count * width }, (_, i) => Math.sin(1.7 * i))
  for (let r = 0; r < count; r++) values[r * width + (r % classes)]! += 1.2
  return Float32Array.from(values)
}

it.each(reference.cases)(
  'regresses $count rows with a penalty of $penalty as scikit-learn does, each left out too',
  ({ count, penalty, weights, bias, leftOut }) => {
    const { width } = reference
    const targets = Float64Array.from({ length: count * classes }, (_, i) =>
      Math.floor(i / classes) % classes === i % classes ? 1 : -1,
    )
    const found = ridge({ values: rows(count, width), width }, targets, penalty)
    const expectClose = (actual: Float64Array, expected: number[]) =>
      expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 7))
    expectClose(found.weights, weights.flat())
    expectClose(found.bias, bias)
    expectClose(found.leftOut, leftOut.flat())
  },
)

/** Rows around a corner of their own for each class, and a common part that tells nothing. */
function clusters(count: number, width: number, groups: number): { values: Float32Array; labels: string[] } {
  const labels = Array.from({ length: count }, (_, row) => `class ${row % groups}`)
  const values = Float32Array.from({ length: count * width }, (_, i) => {
    const [row, k] = [Math.floor(i / width), i % width]
    return 3 + (k === row % groups ? 1 : 0) + 0.3 * Math.sin(i * i * 0.37)
  })
  return { values, labels }
}

it('names images by a few labels a class, and is as sure as it is right', () => {
  const { values, labels } = clusters(200, 16, 4)
  const labelled = values.subarray(0, 12 * 16)
  const { classifier, leftOut } = fit(labelled, centreOf(values, 16), labels.slice(0, 12))
  const guesses = classify(classifier, values)
  const right = guesses.filter((guess, row) => guess.class === labels[row]).length / guesses.length
  expect(right).toBeGreaterThan(0.95)
  const mean = guesses.reduce((sum, { confidence }) => sum + confidence, 0) / guesses.length
  expect(mean).toBeGreaterThan(0.6)
  expect(mean).toBeLessThanOrEqual(1)
  expect(leftOut).toHaveLength(12)
})

it('doubts a label that its neighbours speak against', () => {
  const { values, labels } = clusters(60, 16, 3)
  labels[7] = 'class 2' // it is of class 1
  const { leftOut } = fit(values, centreOf(values, 16), labels)
  const doubted = leftOut.flatMap((guess, row) => (guess.class === labels[row] ? [] : [row]))
  expect(doubted).toContain(7)
  expect(leftOut[7]!.class).toBe('class 1')
})

it('takes less than a second for 10,000 images', () => {
  const { values, labels } = clusters(10_000, 192, 8)
  const begin = performance.now()
  const { classifier } = fit(values.subarray(0, 24 * 192), centreOf(values, 192), labels.slice(0, 24))
  classify(classifier, values)
  const few = performance.now() - begin
  console.log(`24 labels of 8 classes, 10,000 images of 192 numbers: ${few.toFixed(0)} ms`)
  expect(few).toBeLessThan(5000) // this machine may be busy
})
