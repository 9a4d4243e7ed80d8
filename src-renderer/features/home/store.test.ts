import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Run } from '#shared/contract'
import { useDatasets } from '#features/datasets/store'
import { useRuns } from '#features/runs/store'
import { useHome } from './store'

vi.mock('#backend', () => ({ backend: {}, onEvent: () => undefined }))
beforeEach(() => setActivePinia(createPinia()))

const run = (id: string, day: number, changes: Partial<Run> = {}) =>
  ({
    id,
    createdAt: `2026-11-0${day}`,
    status: 'finished',
    pinned: false,
    archived: false,
    error: null,
    ...changes,
  }) as Run

function withRuns(...list: Run[]) {
  const runs = useRuns()
  for (const each of list) runs.byId.set(each.id, each)
  return useHome()
}

it('welcomes who has neither images nor runs, and only once that is known', () => {
  const home = useHome()
  expect(home.welcome).toBe(false)
  useRuns().loaded = true
  useDatasets().loaded = true
  expect(home.welcome).toBe(true)
  withRuns(run('a', 1))
  expect(home.welcome).toBe(false)
})

it('puts the run that trains first, else the newest that finished, else the newest', () => {
  const home = withRuns(run('failed', 3, { status: 'failed' }), run('a', 1), run('b', 2))
  expect(home.main?.id).toBe('b')
  withRuns(run('training', 1, { status: 'running' }))
  expect(home.main?.id).toBe('training')
})

it('names what failed as to be looked at, and leaves archived runs alone', () => {
  const home = withRuns(
    run('failed', 1, { status: 'failed' }),
    run('ended', 2, { status: 'interrupted' }),
    run('old', 3, { status: 'failed', archived: true }),
    run('fine', 4),
  )
  expect(home.attention.map(({ key }) => key)).toEqual(['ended', 'failed'])
  expect(home.recent.map(({ id }) => id)).toEqual(['fine', 'ended', 'failed'])
})
