import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { useTableChoices } from './choices'
import type { Column } from './table'

const columns: Column<object>[] = ['name', 'loss', 'picture'].map((key, i) => ({
  key,
  title: key,
  value: () => null,
  numeric: i === 1,
  optional: i === 2,
}))
const [name, loss] = columns as [Column<object>, Column<object>]
const keys = (shown: Column<object>[]) => shown.map(({ key }) => key)

/** A store as after a reload, over what the browser has kept. */
const reload = () => {
  setActivePinia(createPinia())
  return useTableChoices()
}
beforeEach(() => {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  })
})

it('keeps columns, widths and sorting of each table over a reload', () => {
  const tables = reload()
  tables.toggle('runs', columns, 'picture')
  tables.toggle('runs', columns, 'loss')
  tables.resize('runs', 'name', 301.4)
  tables.resize('runs', 'picture', 10)
  tables.sort('runs', loss)
  const again = reload()
  expect(keys(again.shown('runs', columns))).toEqual(['name', 'picture'])
  expect(again.of('runs').widths).toEqual({ name: 301, picture: 48 })
  expect(again.of('runs').sorting).toEqual({ key: 'loss', descending: true })
  expect(keys(again.shown('others', columns))).toEqual(['name', 'loss'])
})

it('begins with names from a and numbers from the highest, and turns the order at the second click', () => {
  const tables = reload()
  tables.sort('runs', name)
  expect(tables.of('runs').sorting).toEqual({ key: 'name', descending: false })
  tables.sort('runs', name)
  expect(tables.of('runs').sorting!.descending).toBe(true)
  tables.sort('runs', loss)
  expect(tables.of('runs').sorting).toEqual({ key: 'loss', descending: true })
})

it('never hides the first column, gives back a width, and forgets what is no choice', () => {
  const tables = reload()
  tables.toggle('runs', columns, 'name')
  expect(keys(tables.shown('runs', columns))).toContain('name')
  tables.resize('runs', 'loss', 200)
  tables.resize('runs', 'loss', null)
  expect(tables.of('runs').widths).toEqual({})
  localStorage.setItem('saim-table-runs', '{"columns":7}')
  expect(keys(reload().shown('runs', columns))).toEqual(['name', 'loss'])
})
