import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Dataset, Run } from '#shared/contract'
import { fromPreset } from '#shared/settings/hyperparameters'
import { aRun } from '#test/helpers/a-run'
import { useDatasets } from '#features/datasets/store'
import { useRuns } from '#features/runs/store'
import { useNewRun } from './store'

const fake = vi.hoisted(() => ({ backend: {} as Record<string, (input: never) => Promise<unknown>> }))
vi.mock('#backend', () => ({ backend: fake.backend, onEvent: () => () => true }))

const dataset = (id: string, addedAt: string) =>
  ({
    id,
    name: id,
    folder: `/${id}`,
    status: 'ready',
    addedAt,
    classes: [],
    images: 100,
  }) as unknown as Dataset

async function filled(...known: Run[]) {
  fake.backend['datasets.list'] = async () => [
    dataset('photos', '2026-01-01'),
    dataset('flags', '2026-02-01'),
  ]
  fake.backend['runs.list'] = async () => known
  fake.backend['runs.queue'] = async () => ({ ids: [], held: false })
  await useDatasets().load()
  await useRuns().load()
  return useNewRun()
}

beforeEach(() => setActivePinia(createPinia()))

describe('the choices of a new run', () => {
  it('are the newest data set and the preset nano at first', async () => {
    const form = await filled()
    form.follow({})
    expect([form.dataset, form.values, form.changes]).toEqual(['flags', fromPreset('nano'), []])
    expect([form.canStart, form.suggestedName]).toEqual([true, 'flags nano'])
    expect(form.difference).toMatch(/^\d+ settings, all as in the preset$/)
  })

  it('of a model keep what was changed of images, method and run, and the duration, but not the batch', async () => {
    const form = await filled()
    form.set('validationFraction', 0.1)
    form.set('batchSize', 8)
    form.setEpochs(40)
    const tiny = form.models.find(({ name }) => name === 'tiny')!.hyperparameters
    form.chooseModel('tiny')
    expect(form.values).toEqual(tiny)
    expect(form.values).toEqual(fromPreset('tiny', { validationFraction: 0.1, epochs: 40 }))
  })

  it('of a model take its own duration where none was chosen', async () => {
    const form = await filled()
    form.chooseModel('tiny')
    expect([form.values, form.changes]).toEqual([fromPreset('tiny'), []])
  })

  it('of a short duration shorten a warm-up that would not fit, and every one of them is valid', async () => {
    const form = await filled()
    form.chooseModel('base')
    for (const { epochs } of form.durations) {
      form.setEpochs(epochs)
      expect(form.valid, `${epochs} epochs`).toBe(true)
    }
    form.setEpochs(10)
    expect(form.values.warmupEpochs).toBe(1)
    form.setEpochs(300)
    expect(form.values.warmupEpochs).toBe(30)
    expect(form.changes).toEqual([])
  })
})

describe('a new run that starts from another', () => {
  const other = aRun({
    id: 'other',
    name: 'Other',
    hyperparameters: fromPreset('tiny', { epochs: 3, warmupEpochs: 1 }),
    dataset: { name: 'Photos', folder: '/photos', images: 100, validation: 0 },
  })

  it('takes its settings and images, and knows its preset', async () => {
    const form = await filled(other)
    form.follow({ like: 'other' })
    expect([form.dataset, form.preset, form.values]).toEqual(['photos', 'tiny', other.hyperparameters])
    expect(form.changes.map(({ name }) => name)).toEqual(['epochs', 'warmupEpochs'])
    expect(form.suggestedName).toBe('Other, again')
  })

  it('with its weights locks the model, says why, and starts from that checkpoint', async () => {
    const form = await filled(other)
    form.follow({ from: 'other', step: '28' })
    expect(form.settled).toMatchObject({ width: 192, depth: 12 })
    expect(form.reasonOf('width')).toBe('Fixed by the weights of Other')
    expect(form.command).toContain('--from other@28')
    const start = vi.fn<(input: unknown) => Promise<Run>>(async () => aRun({ id: 'new' }))
    fake.backend['runs.start'] = start
    await form.start()
    expect(start.mock.calls[0]![0]).toMatchObject({
      dataset: 'photos',
      name: 'Other, again',
      from: { run: 'other', step: 28 },
    })
    expect(form.origin).toBeNull()
  })
})

it('locks what the objective settles', async () => {
  const form = await filled()
  form.set('objective', 'igpt')
  expect(form.settled).toMatchObject({ order: 'raster', blurSize: 0 })
  expect(form.reasonOf('order')).toBe('Set by the objective ViT-iGPT')
  expect(form.changes.map(({ name }) => name)).toEqual(['objective'])
})

it('cannot start with invalid settings, without workers that are a number, or without images', async () => {
  const form = await filled()
  expect(form.canStart).toBe(false)
  form.follow({ dataset: 'photos' })
  expect(form.canStart).toBe(true)
  form.set('imageSize', 65)
  expect([form.canStart, form.errors['imageSize']]).toEqual([
    false,
    'The image size must be a multiple of the patch size.',
  ])
  expect(form.problems.map(({ text }) => text)).toEqual([
    'Image size: The image size must be a multiple of the patch size.',
  ])
  form.reset('imageSize')
  form.place = 'ray'
  form.workers = 'two'
  expect(form.canStart).toBe(false)
  form.workers = '2'
  expect([form.canStart, form.trainedBy]).toEqual([true, 'Ray Train, 2 workers'])
  expect(form.command).toContain('saim cluster /photos --preset nano --launcher ray --workers 2')
})

it('keeps presets of one’s own in the settings, to be chosen, replaced and deleted', async () => {
  const form = await filled()
  let stored: unknown = []
  fake.backend['settings.set'] = async ({ presets }: { presets: unknown }) => ({
    presets: (stored = presets),
  })
  form.chooseModel('tiny')
  form.set('flip', false)
  await form.savePreset('No mirror')
  expect(stored).toEqual([{ name: 'No mirror', of: 'tiny', changes: { flip: false } }])
  expect([form.ownPreset, form.changes]).toEqual(['No mirror', []])
  form.set('flip', true)
  expect(form.changes.map(({ name }) => name)).toEqual(['flip'])
  form.choosePreset('nano')
  expect([form.ownPreset, form.values]).toEqual([null, fromPreset('nano')])
  form.choosePreset('No mirror')
  expect([form.preset, form.values]).toEqual(['tiny', fromPreset('tiny', { flip: false })])
  await form.savePreset('No mirror')
  expect(stored).toHaveLength(1)
  await form.removePreset('No mirror')
  expect([stored, form.ownPreset, form.presetValues]).toEqual([[], null, fromPreset('tiny')])
})
