import { defineStore } from 'pinia'
import { ref } from 'vue'
import { z } from 'zod'
import type { Column } from './table'

const choice = z.object({
  /** The columns that are shown; null for those that the table shows by itself. */
  columns: z.array(z.string()).nullable(),
  /** Pixels of the columns that a person resized. */
  widths: z.record(z.string(), z.number()),
  sorting: z.object({ key: z.string(), descending: z.boolean() }).nullable(),
  grouping: z.string().nullable(),
})
type TableChoice = z.infer<typeof choice>

const place = (table: string) => `saim-table-${table}`
/** Pixels that a column has at least. */
const narrowest = 48

/** What a person chose of each table, kept by the browser. */
export const useTableChoices = defineStore('table-choices', () => {
  const known = ref(new Map<string, TableChoice>())

  function of(table: string): TableChoice {
    if (!known.value.has(table)) known.value.set(table, read(table))
    return known.value.get(table)!
  }
  function change(table: string, changes: Partial<TableChoice>) {
    const chosen = { ...of(table), ...changes }
    known.value.set(table, chosen)
    try {
      localStorage.setItem(place(table), JSON.stringify(chosen))
    } catch {
      // this browser keeps nothing
    }
  }

  /** Sorts by a column, and turns the order where it is sorted by it already. Numbers begin with the highest. */
  function sort<Row>(table: string, { key, numeric = false }: Column<Row>) {
    const { sorting } = of(table)
    const descending = sorting?.key === key ? !sorting.descending : numeric
    change(table, { sorting: { key, descending } })
  }
  const resize = (table: string, key: string, width: number | null) => {
    const others = Object.entries(of(table).widths).filter(([other]) => other !== key)
    const own: [string, number][] = width === null ? [] : [[key, Math.max(narrowest, Math.round(width))]]
    change(table, { widths: Object.fromEntries([...others, ...own]) })
  }
  /** The columns that a table shows; the first one always. */
  const shown = <Row>(table: string, columns: Column<Row>[]): Column<Row>[] => {
    const chosen = of(table).columns
    return columns.filter(({ key, optional }, i) => i === 0 || (chosen ? chosen.includes(key) : !optional))
  }
  function toggle<Row>(table: string, columns: Column<Row>[], key: string) {
    const keys = shown(table, columns).map((column) => column.key)
    change(table, { columns: keys.includes(key) ? keys.filter((each) => each !== key) : [...keys, key] })
  }

  return { of, change, sort, resize, shown, toggle }
})

function read(table: string): TableChoice {
  const none: TableChoice = { columns: null, widths: {}, sorting: null, grouping: null }
  try {
    return choice.parse(JSON.parse(localStorage.getItem(place(table))!))
  } catch {
    return none // nothing was kept, or what is no choice of today
  }
}
