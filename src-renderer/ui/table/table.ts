import { csvTable } from '#shared/csv'

/** What a table shows of its rows; a store keeps what a person chose of it (choices.ts). */

export interface Column<Row> {
  key: string
  title: string
  /** What the column is sorted by; null is an empty cell and comes last. */
  value: (row: Row) => number | string | null
  /** What stands in the cell where no slot draws it; the value by default. */
  text?: (row: Row) => string
  /** Numbers stand at the right. */
  numeric?: boolean
  /** Less important than the others. */
  muted?: boolean
  /** Pixels; without it, the column takes what the others leave. */
  width?: number
  /** Which value is written bold. */
  best?: 'highest' | 'lowest'
  /** Shown only where a person chose it. */
  optional?: boolean
  /** Left out first where not all fit. */
  spared?: boolean
}

export interface Group<Row> {
  key: string
  /** Null for rows without a head. */
  title: string | null
  rows: Row[]
  /** Keeps the order of its rows, such as that of a queue. */
  ordered?: boolean
}

export interface Sorting {
  key: string
  descending: boolean
}

/** A line of the table: the head of a group, or a row. */
export type TableLine<Row> = { group: Group<Row>; row: null } | { group: Group<Row>; row: Row }

const { compare } = new Intl.Collator('en', { numeric: true })

/** The rows in the order of a column, empty cells last. */
export function sorted<Row>(rows: Row[], column: Column<Row> | undefined, descending: boolean): Row[] {
  if (!column) return rows
  const turn = descending ? -1 : 1
  return rows
    .map((row) => ({ row, value: column.value(row) }))
    .sort(({ value: a }, { value: b }) => {
      if (a === null || b === null) return Number(a === null) - Number(b === null)
      return turn * (typeof a === 'number' && typeof b === 'number' ? a - b : compare(String(a), String(b)))
    })
    .map(({ row }) => row)
}

/** The lines of a table from its groups, sorted within each; groups without rows are left out. */
export const linesOf = <Row>(
  groups: Group<Row>[],
  columns: Column<Row>[],
  sorting: Sorting | null,
): TableLine<Row>[] => {
  const column = columns.find(({ key }) => key === sorting?.key)
  return groups
    .filter(({ rows }) => rows.length > 0)
    .flatMap((group) => {
      const rows = group.ordered ? group.rows : sorted(group.rows, column, sorting?.descending ?? false)
      const head = group.title === null ? [] : [{ group, row: null }]
      return [...head, ...rows.map((row) => ({ group, row }))]
    })
}

/** The best value of each column that has one among several. */
export function bestOf<Row>(rows: Row[], columns: Column<Row>[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const { key, best, value } of columns) {
    if (!best) continue
    const values = rows.map(value).filter((each) => typeof each === 'number')
    if (new Set(values).size < 2) continue
    found.set(
      key,
      values.reduce((a, b) => (best === 'highest' ? Math.max(a, b) : Math.min(a, b))),
    )
  }
  return found
}

/** The ids from one to another in the order of the table, both included. */
export function between(ids: string[], from: string, to: string): string[] {
  const [first, last] = [ids.indexOf(from), ids.indexOf(to)].sort((a, b) => a - b) as [number, number]
  return first < 0 ? [to] : ids.slice(first, last + 1)
}

/** The places of lines from the top, and behind them the height of all. */
export function offsetsOf(heights: number[]): number[] {
  const offsets = [0]
  for (const height of heights) offsets.push(offsets.at(-1)! + height)
  return offsets
}

/** The lines that a stretch of the table shows: the first, and the one behind the last. */
export function shownLines(offsets: number[], top: number, bottom: number): [first: number, end: number] {
  return [lineAt(offsets, top), Math.min(lineAt(offsets, bottom) + 1, offsets.length - 1)]
}

/** The line at a place from the top. */
function lineAt(offsets: number[], place: number): number {
  let [low, high] = [0, offsets.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (offsets[middle]! <= place) low = middle
    else high = middle
  }
  return low
}

/** The rows as a file for spreadsheets. */
export const csvOf = <Row>(rows: Row[], columns: Column<Row>[]): string =>
  csvTable([columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ value }) => value(row)))])
