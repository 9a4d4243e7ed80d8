import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Run } from '#shared/contract'
import { fromPreset } from '#shared/settings/hyperparameters'
import { dayOf, useRunsTable } from './table'

const fake = vi.hoisted(() => ({ listeners: [] as [string, (payload: unknown) => void][] }))
vi.mock('#backend', () => ({
  backend: {},
  onEvent: (name: string, listener: (payload: unknown) => void) => fake.listeners.push([name, listener]),
}))
const tell = (event: string, payload: unknown) =>
  fake.listeners.forEach(([name, listen]) => name === event && listen(payload))

const run = (id: string, changes: Partial<Run> = {}) =>
  ({
    ...{ id, name: id, status: 'finished', tags: [], pinned: false, archived: false, seams: [] },
    ...{
      dataset: { name: 'emoji' },
      hyperparameters: fromPreset('nano'),
      createdAt: new Date().toISOString(),
    },
    ...{ stalledSeconds: null, error: null },
    ...changes,
  }) as Run

beforeEach(() => {
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
  fake.listeners.length = 0
  setActivePinia(createPinia())
})
/** The store with some runs. */
function tableOf(...runs: Run[]) {
  const table = useRunsTable()
  for (const one of runs) tell('runs.changed', one)
  return table
}
const shown = (table: ReturnType<typeof useRunsTable>) =>
  table.groups.filter(({ rows }) => rows.length).map(({ title, rows }) => [title, rows.map(({ id }) => id)])

it('shows what trains and waits first, in the order of the queue, then the days', () => {
  const table = tableOf(
    run('old', { createdAt: '2020-01-01' }),
    run('waits', { status: 'queued' }),
    run('next', { status: 'queued' }),
    run('now', { status: 'running' }),
    run('new'),
  )
  tell('runs.queue', { ids: ['next', 'waits'], held: false })
  expect(shown(table)).toEqual([
    ['Now', ['now', 'next', 'waits']],
    ['Today', ['new']],
    ['Earlier', ['old']],
  ])
})

it('groups by data set and tag, with what has none at the end', () => {
  const table = tableOf(
    run('a', { createdAt: '2024-01-03' }),
    run('b', { createdAt: '2024-01-02', tags: ['best'] }),
    run('c', { createdAt: '2024-01-01', dataset: { name: 'flags', folder: '/f', images: 1, validation: 0 } }),
  )
  table.grouping = 'dataset'
  expect(shown(table)).toEqual([
    ['emoji', ['a', 'b']],
    ['flags', ['c']],
  ])
  table.grouping = 'tag'
  expect(shown(table)).toEqual([
    ['best', ['b']],
    ['No tag', ['a', 'c']],
  ])
  table.grouping = 'none'
  expect(shown(table)).toEqual([[null, ['a', 'b', 'c']]])
})

it('filters by several values of several things, and counts what each would show', () => {
  const seeded = fromPreset('nano', { seed: 1 })
  const table = tableOf(
    run('a'),
    run('b', { hyperparameters: fromPreset('tiny') }),
    run('c', { hyperparameters: seeded, status: 'stopped' }),
  )
  const [, model] = table.facets
  table.filter('model', ['nano'])
  expect(table.found.map(({ id }) => id).sort()).toEqual(['a', 'c'])
  expect(table.valuesOf(model!)).toEqual([
    { value: 'nano', runs: 2 },
    { value: 'tiny', runs: 1 },
  ])
  expect(table.addable.map(({ key }) => key)).toContain('seed')
  table.filter('seed', ['1'])
  expect(table.found.map(({ id }) => id)).toEqual(['c'])
  expect(table.valuesOf(model!)).toEqual([{ value: 'nano', runs: 1 }])
  table.clear()
  expect(table.found).toHaveLength(3)
})

it('searches name, data set and tags, and keeps what is archived apart', () => {
  const table = tableOf(
    run('raster nano', { tags: ['Ablation'] }),
    run('random', { pinned: true }),
    run('gone', { archived: true, pinned: true }),
  )
  table.search = 'ablation ras'
  expect(table.found.map(({ id }) => id)).toEqual(['raster nano'])
  table.search = ''
  table.view = 'pinned'
  expect(table.found.map(({ id }) => id)).toEqual(['random'])
  table.view = 'archived'
  expect(table.found.map(({ id }) => id)).toEqual(['gone'])
})

it('knows the day of a moment by midnight', () => {
  const now = new Date(2026, 10, 28, 0, 30).getTime()
  expect(dayOf(new Date(2026, 10, 28, 0, 10).toISOString(), now)).toBe('Today')
  expect(dayOf(new Date(2026, 10, 27, 23, 50).toISOString(), now)).toBe('Yesterday')
  expect(dayOf(new Date(2026, 10, 26, 23, 59).toISOString(), now)).toBe('Earlier')
})
