import { expect, it } from 'vitest'
import { unitRows } from '#inference/features/knn'
import { waves } from '#test/helpers/order-reference'
import { alike } from './alike'

const [count, width] = [120, 40]
const values = unitRows({ values: waves(count, width, 6), width })
const cosine = (a: number, b: number) => {
  let sum = 0
  for (let i = 0; i < width; i++) sum += values[a * width + i]! * values[b * width + i]!
  return sum
}

it('finds of each row the most similar before, and of another split too, as comparing all does', async () => {
  const splits = Array.from({ length: count }, (_, row) => (row % 3 === 0 ? 'test' : 'train'))
  const least = 0.3
  const expected = Array.from({ length: count }, (_, row) => {
    const before = Array.from({ length: row }, (_, of) => ({ of, similarity: cosine(row, of) }))
      .filter(({ similarity }) => similarity >= least)
      .sort((a, b) => b.similarity - a.similarity)
    const other = before.find(({ of }) => splits[of] !== splits[row])
    return [...new Set([before[0], other])].flatMap((one) => (one ? [[row, one.of]] : []))
  }).flat()
  const found = await alike({ values, width }, splits, least)
  expect(found.map(({ row, of }) => [row, of])).toEqual(expected)
  for (const { row, of, similarity } of found) expect(similarity).toBeCloseTo(cosine(row, of), 5)
  expect(found.length).toBeGreaterThan(count / 2)
})

it('takes an equal row for alike whatever is asked for', async () => {
  const twice = new Float32Array(2 * width)
  twice.set(values.subarray(0, width))
  twice.set(values.subarray(0, width), width)
  expect(await alike({ values: twice, width }, [null, null], 1)).toEqual([{ row: 1, of: 0, similarity: 1 }])
})
