import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Checkpoint, Health, MetricColumns, Run } from '#shared/contract'
import { fromPreset } from '#shared/settings/hyperparameters'
import { useInspect } from '#features/inspect/store'
import { useRuns } from '#features/runs/store'
import { useOverview } from './overview'

const health = vi.hoisted(() => ({ value: {} as Health }))
vi.mock('vue-router', () => ({
  useRoute: () => ({ params: { id: 'one' }, query: {}, path: '/runs/one', hash: '' }),
  useRouter: () => ({ beforeEach: () => undefined, replace: async () => undefined }),
}))
vi.mock('#backend', () => ({
  backend: {
    'inspect.health': async () => health.value,
    'inspect.fixedImages': async () => [],
    'runs.checkpoints': async () => checkpoints,
  },
  onEvent: () => undefined,
}))

const checkpoints = Array.from({ length: 30 }, (_, i) => ({
  step: 10 * (i + 1),
  reconstructions: i === 4 ? [] : [`reconstruction/one/${10 * (i + 1)}/0.png`],
})) as Checkpoint[]

function metrics(): MetricColumns {
  const step = Array.from({ length: 300 }, (_, i) => i + 1)
  const flat = step.map(() => 1)
  const loss = step.map((i) => 1 + Math.exp(-i / 60))
  return {
    ...{ step, epoch: step.map((i) => i / 10), seconds: step.map((i) => 2 * i), steps: flat },
    ...{ loss, lossLow: loss, lossHigh: loss, learningRate: flat, gradientNorm: flat },
    ...{ imagesPerSecond: flat, memory: flat, dataWait: step.map(() => 0.25) },
    validationLoss: step.map((i) => (i % 100 ? null : i)),
  }
}

async function opened(changes: Partial<Run> = {}) {
  const runs = useRuns()
  runs.byId.set('one', {
    ...{ id: 'one', status: 'running', totalSteps: 400, step: 300, secondsLeft: 200, seams: [], error: null },
    ...{ hyperparameters: fromPreset('nano', { epochs: 40 }), stalledSeconds: null, latest: null },
    ...changes,
  } as Run)
  runs.metrics.set('one', metrics())
  const overview = useOverview()
  await vi.waitFor(() => expect(overview.checkpoints).toHaveLength(30))
  await vi.waitFor(() => expect(overview.healthCharts.length).toBeGreaterThan(0))
  return overview
}

beforeEach(() => {
  setActivePinia(createPinia())
  health.value = {
    ...{ step: [100, 200], epoch: [10, 20], effectiveRank: [10, 20], variance: [2, 1] },
    ...{ uniformity: [-1, -2], knn: [null, 0.5] },
  }
})

it('all axes end as planned, and health goes with them', async () => {
  const overview = await opened()
  expect(overview.end).toBe(400)
  expect(overview.healthAxis).toEqual({ title: 'epoch', end: 40 })
  overview.axis = 'time'
  expect(overview.end).toBe(800)
  expect(overview.healthCharts[1]!.lines[0]!.x).toEqual([200, 400])
  expect(overview.stepAt(301)).toBe(150)
  overview.axis = 'epoch'
  expect(overview.end).toBe(40)
})

it('validation has its own line where there is any, and shares are percents', async () => {
  const overview = await opened()
  expect(overview.loss.filter(({ faint }) => !faint).map(({ label, x }) => [label, x.length])).toEqual([
    ['Training, smoothed', 300],
    ['Validation', 3],
  ])
  expect(overview.healthCharts[0]!.lines[0]!.y).toEqual([50])
  const waiting = overview.others.find(({ title }) => title === 'Waiting for images')!
  expect(waiting.format(waiting.lines[0]!.y[0]!)).toBe('25%')
})

it('marks say where it went on, what was changed, and what a failure left', async () => {
  const seams = [
    { step: 50, at: '', changes: [] },
    { step: 60, at: '', changes: [{ setting: 'batchSize', from: 1, to: 2 }] },
  ]
  const overview = await opened({ status: 'failed', seams, error: { code: 'disk-full', message: '' } })
  expect(overview.marks).toEqual([
    { x: 50, label: 'Resumed' },
    { x: 60, label: 'Setting changed' },
    { x: 300, label: 'Last checkpoint' },
  ])
})

it('the strip goes from the first pictures to the newest, and has the checkpoint that is shown', async () => {
  const overview = await opened()
  expect(overview.film).toHaveLength(12)
  expect([overview.film[0]!.step, overview.film.at(-1)!.step]).toEqual([10, 300])
  useInspect().showNearest(51)
  expect(overview.shown!.step).toBe(60)
  expect(overview.film.map(({ step }) => step)).toContain(60)
})
