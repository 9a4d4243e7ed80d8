import { createPinia, setActivePinia } from 'pinia'
import { expect, it, vi } from 'vitest'
import { useFolders } from './folders'

const fake = vi.hoisted(() => ({ backend: {} as Record<string, (input: never) => Promise<unknown>> }))
vi.mock('#backend', () => ({ backend: fake.backend, onEvent: () => undefined }))

it('answers the question once, and lets no folder be chosen while another is being listed', async () => {
  setActivePinia(createPinia())
  const folders = useFolders()
  let listed: (listing: unknown) => void
  fake.backend['app.listFolders'] = () => new Promise((resolve) => (listed = resolve))
  const answer = folders.ask('folder', 'Where?')
  const gone = folders.go('/images')
  expect(folders.going).toBe(true)
  listed!({ path: '/images' })
  await gone
  expect(folders.going).toBe(false)
  folders.question!.answer(folders.listing!.path)
  expect(await answer).toBe('/images')
  expect(folders.question).toBeNull()
})

it('can go on after a folder that cannot be listed', async () => {
  setActivePinia(createPinia())
  const folders = useFolders()
  fake.backend['app.listFolders'] = () => Promise.reject(new Error('gone'))
  await expect(folders.go('/gone')).rejects.toThrow('gone')
  expect(folders.going).toBe(false)
})
