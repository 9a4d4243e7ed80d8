import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Dataset, Run } from '#shared/contract'
import { useRuns } from '#features/runs/store'
import { factsOf, toReview, useDatasetList } from './list'
import { useDatasets } from './store'

vi.mock('#backend', () => ({ backend: {}, onEvent: () => undefined }))

const dataset = (id: string, changes: Partial<Dataset> = {}) =>
  ({
    ...{
      id,
      name: id,
      folder: `/pictures/${id}`,
      addedAt: '2026-01-01',
      images: 3,
      bytes: 1.7e6,
      classes: [],
    },
    ...{ splits: { none: 3, train: 0, validation: 0, test: 0 }, copies: 0, unreadable: 0, ...changes },
  }) as Dataset
const run = (id: string, folder: string, changes: Partial<Run> = {}) =>
  ({ id, createdAt: '2026-02-01', status: 'finished', dataset: { folder }, ...changes }) as Run

beforeEach(() => setActivePinia(createPinia()))

it('sorts by when a data set was used last, by name and by size, and searches names and folders', () => {
  const list = useDatasetList()
  for (const one of [dataset('b', { images: 9 }), dataset('a'), dataset('c', { addedAt: '2026-01-02' })])
    useDatasets().byId.set(one.id, one)
  useRuns().byId.set('r', run('r', '/pictures/a'))
  const ids = () => list.shown.map(({ id }) => id)
  expect(ids()).toEqual(['a', 'c', 'b'])
  list.sort = 'name'
  expect(ids()).toEqual(['a', 'b', 'c'])
  list.sort = 'images'
  expect(ids()[0]).toBe('b')
  list.search = ' PICTURES/C'
  expect(ids()).toEqual(['c'])
})

it('knows which data set is trained on', () => {
  const list = useDatasetList()
  const [a, b] = [dataset('a'), dataset('b')]
  expect(list.isTraining(a)).toBe(false)
  useRuns().byId.set('r', run('r', '/pictures/a', { status: 'running' }))
  expect([a, b].map(list.isTraining)).toEqual([true, false])
  expect(list.runsOn(a)).toHaveLength(1)
})

it('says what a data set is and how much of it is to be looked at', () => {
  expect(factsOf(dataset('a'))).toEqual(['3 images', 'No classes', '1.7 MB'])
  const splits = { none: 0, train: 2, validation: 1, test: 0 }
  expect(factsOf(dataset('a', { splits, classes: [{ name: 'x', images: 3 }] }))).toEqual([
    ...['3 images', '1 class', '2 splits', '1.7 MB'],
  ])
  expect(toReview(dataset('a', { copies: 2, unreadable: 1 }))).toBe(3)
})
