import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { AppError } from '#shared/errors'
import { useApp } from '#shell/store'
import { useDisk } from './storage'

const fake = vi.hoisted(() => ({ backend: {} as Record<string, (input: never) => Promise<unknown>> }))
vi.mock('#backend', () => ({ backend: fake.backend, onEvent: () => undefined }))

let runs: { id: string; totalBytes: number }[]
beforeEach(() => {
  setActivePinia(createPinia())
  runs = ['one', 'two', 'three'].map((id) => ({ id, totalBytes: 5e6 }))
  Object.assign(fake.backend, {
    'runs.disk': async () => ({ runs, trashBytes: 0, freeBytes: null }),
    'runs.prune': async ({ id }: { id: string }) => {
      if (id === 'two') throw new AppError('run-busy', 'two is being trained.')
      runs = runs.map((run) => (run.id === id ? { ...run, totalBytes: 3e6 } : run))
      return { freed: 2e6 }
    },
    'runs.emptyTrash': async () => ({ freed: 0 }),
  })
})

it('sums what the runs take', async () => {
  const disk = useDisk()
  expect(disk.total).toBe(0)
  await disk.load()
  expect(disk.total).toBe(15e6)
})

it('prunes the others where one run refuses, and says what was freed', async () => {
  const disk = useDisk()
  await disk.prune(['one', 'two', 'three'], 1)
  expect(disk.total).toBe(11e6)
  expect(useApp().notice?.message).toBe('4.0 MB freed.')
})

it('says why where nothing was freed', async () => {
  await useDisk().prune(['two'], 1)
  expect(useApp().notice?.message).toBe('two is being trained.')
})
