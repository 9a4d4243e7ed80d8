import { expect, it } from 'vitest'
import { lineBegins, nearest, reduced, rowsOf, spread, typical, within } from './points'

it('a reduced line keeps its ends, its lowest and its highest', () => {
  const x = Array.from({ length: 10_000 }, (_, i) => i)
  const y = x.map((i) => (i === 4321 ? 9 : i === 777 ? -9 : Math.sin(i)))
  const line = reduced({ x, y }, 100)
  expect(line.x.length).toBeLessThanOrEqual(202)
  expect([line.x[0], line.x.at(-1)]).toEqual([0, 9999])
  expect([Math.min(...line.y), Math.max(...line.y)]).toEqual([-9, 9])
  expect(line.x).toEqual([...line.x].sort((a, b) => a - b))
  const few = { x: [1, 2], y: [3, 4] }
  expect(reduced(few, 100)).toEqual(few)
})

it('what is zoomed to has one point beyond each edge', () => {
  const line = { x: [0, 1, 2, 3, 4, 5], y: [0, 1, 2, 3, 4, 5] }
  expect(within(line, 1.5, 3.5).x).toEqual([1, 2, 3, 4])
  expect(within(line, -1, 9).x).toEqual(line.x)
})

it('finds the nearest x, and none where there is none', () => {
  expect([-1, 1.4, 1.6, 99].map((to) => nearest([0, 1, 2, 5], to))).toEqual([0, 1, 2, 3])
  expect(nearest([], 3)).toBe(-1)
})

it('rows of the table hold the last value of each line since the row before', () => {
  const loss = { x: [1, 2, 3, 4], y: [8, 6, 4, 2] }
  const validation = { x: [1], y: [7] }
  expect(rowsOf([loss, validation], 2)).toEqual([
    { x: 2, values: [6, 7] },
    { x: 4, values: [2, null] },
  ])
  expect(rowsOf([], 5)).toEqual([])
})

it('says from where on there is a line', () => {
  expect([[], [28], [28, 56], [1, 2, 3]].map(lineBegins)).toEqual([null, 84, 84, null])
})

it('labels that would lie over each other are moved apart in their order', () => {
  expect(spread([10, 12, 50], 14)).toEqual([10, 24, 50])
  expect(spread([12, 10], 14)).toEqual([24, 10])
})

it('a few outliers of many values do not count, of few values all do', () => {
  expect(typical([3, 1, 2])).toEqual([1, 2, 3])
  const many = Array.from({ length: 100 }, (_, i) => i)
  expect(typical([...many, 1e9, NaN]).at(-1)).toBe(98)
})
