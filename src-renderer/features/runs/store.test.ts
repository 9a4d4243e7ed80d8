import { createPinia, setActivePinia, storeToRefs } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Checkpoint, MetricColumns, Run } from '#shared/contract'
import { AppError } from '#shared/errors'
import { useNotifications } from '#shell/notifications/notifications'
import { useRuns } from './store'

type Call = (input: never) => Promise<unknown>
const fake = vi.hoisted(() => ({
  backend: {} as Record<string, Call>,
  listeners: new Map<string, (payload: unknown) => void>(),
}))
vi.mock('#backend', () => ({
  backend: fake.backend,
  onEvent: (name: string, listener: (payload: unknown) => void) => fake.listeners.set(name, listener),
}))
const tell = (name: string, payload: unknown) => fake.listeners.get(name)!(payload)

/** Metrics of the steps from one to another. */
function metrics(from: number, to: number): MetricColumns {
  const step = Array.from({ length: to - from + 1 }, (_, i) => from + i)
  const names = ['step', 'epoch', 'loss', 'learningRate', 'gradientNorm', 'imagesPerSecond', 'memory']
  return Object.fromEntries([...names, 'validationLoss'].map((name) => [name, step])) as never
}
const run = (id: string, changes: Partial<Run> = {}) =>
  ({ id, pinned: false, createdAt: '2024-01-01', status: 'stopped', seams: [], ...changes }) as Run
const checkpoint = (step: number) => ({ step }) as Checkpoint

beforeEach(() => {
  setActivePinia(createPinia())
  Object.assign(fake.backend, {
    'runs.get': async ({ id }: { id: string }) => run(id),
    'runs.metrics': async () => metrics(1, 3),
    'runs.checkpoints': async () => [checkpoint(3)],
    'runs.log': async () => 'begun\n',
  })
})

it('lists pinned runs first, then the newest, and knows the one that trains', () => {
  const runs = useRuns()
  tell('runs.changed', run('old', { createdAt: '2023-01-01', pinned: true }))
  tell('runs.changed', run('middle', { createdAt: '2023-06-01', status: 'running' }))
  tell('runs.changed', run('new', { createdAt: '2024-06-01' }))
  expect(runs.all.map(({ id }) => id)).toEqual(['old', 'new', 'middle'])
  expect(runs.active?.id).toBe('middle')
  tell('runs.removed', { id: 'middle' })
  expect(runs.active).toBeUndefined()
})

it('adds to the run that is followed only what is new, and nothing to others', async () => {
  const runs = useRuns()
  await runs.follow('one')
  tell('runs.metrics', { id: 'one', metrics: metrics(2, 5) })
  tell('runs.metrics', { id: 'one', metrics: metrics(4, 5) })
  tell('runs.metrics', { id: 'other', metrics: metrics(1, 2) })
  expect(runs.metrics.get('one')!.loss).toEqual([1, 2, 3, 4, 5])
  expect(runs.metrics.has('other')).toBe(false)
  tell('runs.checkpoint', { id: 'one', checkpoint: checkpoint(3) })
  tell('runs.checkpoint', { id: 'one', checkpoint: checkpoint(5) })
  expect(runs.checkpoints.get('one')!.map(({ step }) => step)).toEqual([3, 5])
  tell('runs.log', { id: 'one', text: 'on\n' })
  expect(runs.logs.get('one')).toBe('begun\non\n')
})

it('finds the checkpoint of each run that is nearest to a step of any', async () => {
  const runs = useRuns()
  await runs.loadCheckpoints('one')
  fake.backend['runs.checkpoints'] = async () => [checkpoint(10), checkpoint(2), checkpoint(3)]
  await runs.loadCheckpoints('other')
  expect(runs.stepsOf(['one', 'other', 'unknown'])).toEqual([2, 3, 10])
  expect(runs.checkpointAt('one', 10)?.step).toBe(3)
  expect(runs.checkpointAt('other', 8)?.step).toBe(10)
  expect(runs.checkpointAt('unknown', 8)).toBeUndefined()
})

it('asks for metrics anew when a resume has cut them', async () => {
  const runs = useRuns()
  await runs.follow('one')
  fake.backend['runs.metrics'] = async () => metrics(1, 2)
  tell('runs.changed', run('one', { seams: [{ step: 2, at: '2024-01-02', changes: [] }] }))
  await vi.waitFor(() => expect(runs.metrics.get('one')!.step).toEqual([1, 2]))
})

it('tells runs that were removed together by one toast, whose Undo brings all back', async () => {
  const removed: string[] = []
  const run = (id: string) => ({ id, name: `Run ${id}`, createdAt: id, seams: [] })
  Object.assign(fake.backend, {
    'runs.list': async () => ['a', 'b', 'c'].map(run),
    'runs.queue': async () => ({ ids: [], held: false }),
    'runs.remove': async ({ id }: { id: string }) => void removed.push(id),
    'runs.restore': async ({ id }: { id: string }) => {
      if (id === 'b') throw new AppError('run-missing', 'The run b is no longer in the trash.')
      return run(id)
    },
    'notifications.add': async () => [],
  })
  const runs = useRuns()
  const { toasts } = storeToRefs(useNotifications())
  await runs.load()
  await runs.remove('a')
  expect(toasts.value.map(({ about, text }) => `${about} ${text}`)).toEqual(['Run a moved to trash'])
  await runs.remove('b')
  expect(toasts.value.map(({ about, text }) => `${about} ${text}`)).toEqual(['2 runs moved to trash'])
  await toasts.value[0]!.undo!()
  expect([...runs.byId.keys()].sort()).toEqual(['a', 'c'])
  expect(toasts.value.at(-1)!.text).toBe('The run b is no longer in the trash.')
})
