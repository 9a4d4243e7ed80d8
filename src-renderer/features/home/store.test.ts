import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Dataset, EngineInfo, Run } from '#shared/contract'
import { fromPreset } from '#shared/settings/hyperparameters'
import { useDatasets } from '#features/datasets/store'
import { useEngines } from '#features/machine/engines'
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
    stalledSeconds: null,
    step: 0,
    latest: null,
    hyperparameters: fromPreset('nano'),
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

it('names data sets with copies or damaged files, and an engine that would be better', () => {
  const home = useHome()
  const set = (id: string, changes: object) =>
    useDatasets().byId.set(id, {
      ...{ id, name: id, addedAt: '', status: 'ready', unreadable: 0, copies: 0, error: null },
      ...changes,
    } as Dataset)
  set('fine', {})
  set('emoji', { copies: 214, unreadable: 1 })
  set('gone', { error: 'There is no such folder.' })
  const engine = (id: string, recommended: boolean, selected: boolean) =>
    ({ id, title: id, selected, recommendation: { recommended, reason: 'Twice as fast' } }) as EngineInfo
  useEngines().engines = [engine('onnxruntime-cpu', false, true), engine('tensorflow', true, false)]
  const said = home.attention.map(({ name, what, act }) => [name, what, act.does === 'open' && act.to])
  expect(said.sort()).toEqual([
    ['emoji', 'has 214 copies and 1 damaged file', '/datasets/emoji/quality'],
    ['gone', 'cannot be used', '/datasets/gone'],
    ['tensorflow', 'is recommended on this machine', '/machine'],
  ])
  useEngines().engines = [engine('onnxruntime-cpu', false, false), engine('tensorflow', true, true)]
  expect(home.attention).toHaveLength(2)
})

it('says what helps a run that failed best', () => {
  const error = { code: 'disk-full' as const, message: 'The disk is full.' }
  const home = withRuns(run('failed', 1, { status: 'failed', step: 1200, error }))
  expect(home.attention[0]).toMatchObject({
    what: 'stopped at step 1,200: the disk is full',
    label: 'Free up space',
  })
})
