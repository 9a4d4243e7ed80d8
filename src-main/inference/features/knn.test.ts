import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { nearest, unitRows, vote, votes } from './knn'

const rows = (...values: number[][]) => ({ values: Float32Array.from(values.flat()), width: 2 })

it('finds the rows of the smallest angle, nearest first, whatever their length', async () => {
  const engine = await createEngine('onnxruntime-cpu', { threads: 1 })
  const bank = rows([1, 0], [0, 5], [3, 3], [-1, 0])
  const { indices, similarities } = await nearest(engine, bank, rows([2, 0.1], [0, 0.1]), 2)
  expect([...indices]).toEqual([0, 2, 1, 2])
  expect(similarities[0]).toBeCloseTo(2 / Math.hypot(2, 0.1), 5)
  expect(similarities[3]).toBeCloseTo(Math.SQRT1_2, 5)
})

it('answers as a plain search over more queries than one product takes', async () => {
  const engine = await createEngine('onnxruntime-cpu', { threads: 1 })
  const many = {
    values: Float32Array.from({ length: 300 * 8 }, (_, i) => Math.sin(i * i * 0.7)),
    width: 8,
  }
  const { indices } = await nearest(engine, many, many, 3)
  const unit = unitRows(many)
  const cosine = (a: number, b: number) =>
    unit.subarray(a * 8, a * 8 + 8).reduce((sum, v, i) => sum + v * unit[b * 8 + i]!, 0)
  for (const query of [0, 255, 256, 299]) {
    const order = [...Array(300).keys()].sort((a, b) => cosine(query, b) - cosine(query, a))
    expect([...indices.subarray(query * 3, query * 3 + 3)]).toEqual(order.slice(0, 3))
  }
})

it('lets the nearest neighbours count most', () => {
  const neighbours = {
    k: 3,
    indices: Int32Array.of(0, 1, 2, 2, 1, 0),
    similarities: Float32Array.of(0.9, 0.5, 0.5, 0.5, 0.5, 0.1),
  }
  expect([...vote(neighbours, [7, 8, 8])]).toEqual([7, 8])
  expect(votes(neighbours, [0, 1, 1], 2)[3]).toBeCloseTo(2 * Math.exp(0.5 / 0.07), 5)
})

interface Reference {
  width: number
  neighbours: { count: number; k: number; temperature: number; shares: number[][]; classes: number[] }[]
}
const reference = JSON.parse(readFileSync('test/python/few-shot-reference.json', 'utf8')) as Reference

it.each(reference.neighbours)(
  'gives classes the shares of $k neighbours as scikit-learn does',
  async ({ count, k, temperature, shares, classes }) => {
    const { width } = reference
    const values = Float64Array.from({ length: count * width }, (_, i) => Math.sin(1.7 * i))
    for (let row = 0; row < count; row++) values[row * width + (row % 3)]! += 1.2
    const half = (count * width) / 2
    const part = (from: number) => ({ values: Float32Array.from(values.subarray(from, from + half)), width })
    const labels = Array.from({ length: count / 2 }, (_, row) => row % 3)
    const engine = await createEngine('onnxruntime-cpu', { threads: 1 })
    const found = await nearest(engine, part(0), part(half), k)
    const given = votes(found, labels, 3, temperature)
    shares.forEach((row, query) => {
      const own = given.subarray(3 * query, 3 * query + 3)
      const sum = own.reduce((a, b) => a + b)
      row.forEach((share, label) => expect(own[label]! / sum).toBeCloseTo(share, 4))
    })
    expect([...vote(found, labels, temperature)]).toEqual(classes)
  },
)
