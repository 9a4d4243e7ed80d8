import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { AppError } from '#shared/errors'
import { useNotifications } from '#shell/notifications/notifications'
import { rules, useStorage } from './storage'

const fake = vi.hoisted(() => ({ backend: {} as Record<string, (input: never) => Promise<unknown>> }))
vi.mock('#backend', () => ({ backend: fake.backend, onEvent: () => undefined }))

let runs: { id: string; totalBytes: number; checkpoints: number }[]
beforeEach(() => {
  setActivePinia(createPinia())
  runs = ['one', 'two', 'three'].map((id) => ({ id, totalBytes: 5e6, checkpoints: 4 }))
  const trash = { runs: 1, bytes: 1e6 }
  Object.assign(fake.backend, {
    'runs.disk': async () => ({ runs, trash, datasetBytes: 2e6, engineBytes: 0, freeBytes: null }),
    'runs.prunable': async ({ rules: asked }: { rules: unknown[] }) => asked.map((_, i) => 6e6 / (i + 1)),
    'runs.prune': async ({ id }: { id: string }) => {
      if (id === 'two') throw new AppError('run-busy', 'two is being trained.')
      runs = runs.map((run) => (run.id === id ? { ...run, totalBytes: 3e6 } : run))
      return { freed: 2e6 }
    },
    'runs.emptyTrash': async () => ({ freed: 1e6 }),
    'notifications.add': async () => [],
  })
})

const told = () => useNotifications().toasts.map(({ text }) => text)

it('sums what takes room', async () => {
  const storage = useStorage()
  expect(storage.total).toBe(0)
  await storage.load()
  expect(storage.total).toBe(15e6 + 2e6 + 1e6)
  expect(storage.parts.map(({ name, note }) => [name, note])).toEqual([
    ['Runs', '3 runs, 12 checkpoints'],
    ['Data sets', 'Indexes and thumbnails'],
    ['Engines', ''],
    ['Trash', '1 run'],
  ])
})

it('says what each clean-up would free', async () => {
  const storage = useStorage()
  await storage.measure()
  expect(storage.prunable).toEqual([6e6, 3e6])
})

it('prunes the others where one run refuses, and says what was freed', async () => {
  const storage = useStorage()
  await storage.load()
  await storage.prune(rules[0]!)
  expect(storage.parts[0]!.size).toBe(11e6)
  expect(told()).toEqual(['two is being trained.', 'Freed 4.0 MB'])
})

it('empties the trash', async () => {
  await useStorage().emptyTrash()
  expect(told()).toEqual(['Freed 1.0 MB'])
})
