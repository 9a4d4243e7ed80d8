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
