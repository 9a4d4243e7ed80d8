import { expect, it } from 'vitest'
import { bestOf, between, type Column, csvOf, linesOf, offsetsOf, shownLines, sorted } from './table'

interface Row {
  id: string
  loss: number | null
}
const columns: Column<Row>[] = [
  { key: 'name', title: 'Name', value: ({ id }) => id },
  { key: 'loss', title: 'Loss', value: ({ loss }) => loss, numeric: true, best: 'lowest' },
]
const rows: Row[] = [
  { id: 'run 10', loss: 0.5 },
  { id: 'run 9', loss: null },
  { id: 'run 2', loss: 0.25 },
]
const ids = (found: Row[]) => found.map(({ id }) => id)

it('sorts numbers within names, and leaves empty cells last in both directions', () => {
  expect(ids(sorted(rows, columns[0], false))).toEqual(['run 2', 'run 9', 'run 10'])
  expect(ids(sorted(rows, columns[1], false))).toEqual(['run 2', 'run 10', 'run 9'])
  expect(ids(sorted(rows, columns[1], true))).toEqual(['run 10', 'run 2', 'run 9'])
})

it('sorts within groups, keeps the order of a queue and leaves empty groups out', () => {
  const lines = linesOf(
    [
      { key: 'now', title: 'Now', rows, ordered: true },
      { key: 'today', title: 'Today', rows: [] },
      { key: 'earlier', title: 'Earlier', rows },
      { key: 'rest', title: null, rows: rows.slice(0, 1) },
    ],
    columns,
    { key: 'name', descending: false },
  )
  expect(lines.map(({ group, row }) => row?.id ?? group.title)).toEqual([
    'Now',
    ...ids(rows),
    'Earlier',
    'run 2',
    'run 9',
    'run 10',
    'run 10',
  ])
})

it('finds the best value only where there is one to compare it with', () => {
  expect(bestOf(rows, columns)).toEqual(new Map([['loss', 0.25]]))
  expect(bestOf(rows.slice(0, 2), columns)).toEqual(new Map())
})

it('takes a range of rows in either direction, and one row where the first is gone', () => {
  expect(between(['a', 'b', 'c', 'd'], 'b', 'd')).toEqual(['b', 'c', 'd'])
  expect(between(['a', 'b', 'c', 'd'], 'c', 'a')).toEqual(['a', 'b', 'c'])
  expect(between(['a', 'b'], 'gone', 'b')).toEqual(['b'])
})

it('shows the lines of a stretch, whatever their heights', () => {
  const offsets = offsetsOf([32, 36, 36, 32, 36])
  expect(offsets).toEqual([0, 32, 68, 104, 136, 172])
  expect(shownLines(offsets, 0, 60)).toEqual([0, 2])
  expect(shownLines(offsets, 68, 104)).toEqual([2, 4])
  expect(shownLines(offsets, 140, 900)).toEqual([4, 5])
  expect(shownLines(offsetsOf([]), 0, 500)).toEqual([0, 0])
})

it('writes names, numbers and empty cells as spreadsheets read them, who compute no name', () => {
  const named = [
    { id: 'a "b", c', loss: null },
    { id: '=1+1', loss: -1 },
  ]
  expect(csvOf(named, columns)).toBe(`Name,Loss\n"a ""b"", c",\n'=1+1,-1\n`)
})
