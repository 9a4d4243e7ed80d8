import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Dataset } from '#shared/contract'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { aRun } from '#test/helpers/a-run'
import { useDatasets } from '#features/datasets/store'
import { useEstimates } from './estimates'
import { useNewRun } from '#features/new-run/store'

const fake = vi.hoisted(() => ({ backend: {} as Record<string, (input: never) => Promise<unknown>> }))
const { tell } = vi.hoisted(() => ({ tell: new Map<string, (payload: unknown) => void>() }))
vi.mock('#backend', () => ({
  backend: fake.backend,
  onEvent: (name: string, listener: (payload: unknown) => void) => tell.set(name, listener),
}))

/** Answers as many seconds as there are epochs times pixels of an image's side, and keeps how often it was asked. */
const estimate = vi.fn(async ({ hyperparameters }: { hyperparameters: Hyperparameters[] }) => ({
  images: { train: 90, validation: 10, test: 0 },
  waitSeconds: 7,
  all: hyperparameters.map((h) => ({
    seconds: h.epochs * h.imageSize,
    parts: { ready: 4, training: h.epochs * h.imageSize, validation: 0, health: 65, checkpoints: 0.4 },
    memoryBytes: h.batchSize,
    learningRate: 1,
    basis: { kind: 'other-run', run: 'First' },
    warnings: [{ at: 'model', text: 'Too large.' }],
  })),
}))

beforeEach(async () => {
  setActivePinia(createPinia())
  estimate.mockClear()
  fake.backend['runs.estimate'] = estimate as never
  fake.backend['runs.expect'] = async () => null
  fake.backend['datasets.list'] = async () => [{ id: 'photos', status: 'ready', addedAt: '' } as Dataset]
  await useDatasets().load()
})

it('asks once for the run and every choice, and again when one of them changes', async () => {
  const form = useNewRun()
  const estimates = useEstimates()
  form.follow({})
  await expect.poll(() => estimates.chosen?.seconds).toBe(640)
  expect(estimate).toHaveBeenCalledTimes(1)
  expect(estimates.models.map((each) => each?.seconds)).toEqual([640, 12_800, 67_200, 67_200])
  expect(estimates.durations.map((each) => each?.seconds)).toEqual([640, 2560, 12_800])
  expect(estimates.secondsToEnd).toBe(647)
  expect(estimates.basis).toBe(
    'Scaled from your run First, another model or batch. Includes 4 s to get ready and 1 min 05 s of health checks.',
  )
  expect(estimates.warningsAt('model')).toHaveLength(1)
  expect(estimates.warningsAt('images')).toEqual([])
  form.setEpochs(40)
  await expect.poll(() => estimates.chosen?.seconds).toBe(2560)
  expect(estimates.models.map((each) => each?.seconds)).toEqual([2560, 5120, 8960, 8960])
})

it('has no estimate of settings that do not fit, and one again once they do', async () => {
  const form = useNewRun()
  const estimates = useEstimates()
  form.follow({})
  await expect.poll(() => estimates.chosen).not.toBeNull()
  form.set('imageSize', 65)
  await expect.poll(() => estimates.chosen).toBeNull()
  form.set('imageSize', 128)
  await expect.poll(() => estimates.chosen?.seconds).toBe(1280)
})

it('compares values of the setting that has the focus, where they differ in what they take', async () => {
  const form = useNewRun()
  const estimates = useEstimates()
  form.follow({})
  estimates.focused = 'batchSize'
  await expect
    .poll(() => estimates.compared.map(({ estimate }) => estimate?.memoryBytes))
    .toEqual([8, 16, 32, 64])
  expect(estimates.differs).toBe(true)
  estimates.focused = 'flip'
  await expect.poll(() => estimates.compared.length).toBe(2)
  expect(estimates.differs).toBe(false)
})

it('asks anew when a run begins or ends', async () => {
  const expected = vi.fn(async () => null)
  fake.backend['runs.expect'] = expected
  useNewRun().follow({})
  useEstimates()
  await expect.poll(() => estimate.mock.calls.length).toBe(1)
  tell.get('runs.changed')!(aRun({ status: 'running' }))
  await expect.poll(() => estimate.mock.calls.length).toBe(2)
  tell.get('runs.changed')!(aRun({ status: 'finished' }))
  await expect.poll(() => estimate.mock.calls.length).toBe(3)
  expect(expected).toHaveBeenCalledTimes(3)
})
