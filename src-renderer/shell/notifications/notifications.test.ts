import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Told } from '#shared/contract'
import { useNotifications } from './notifications'

const fake = vi.hoisted(() => ({
  backend: {} as Record<string, (input: never) => Promise<unknown>>,
  listeners: new Map<string, (payload: never) => void>(),
}))
vi.mock('#backend', () => ({
  backend: fake.backend,
  onEvent: (name: string, listener: (payload: never) => void) => fake.listeners.set(name, listener),
}))

let kept: (Told & { seen: boolean })[]
beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  kept = []
  Object.assign(fake.backend, {
    'notifications.add': async (told: Told) => (kept = [{ ...told, seen: false }, ...kept]),
    'notifications.see': async () => (kept = kept.map((one) => ({ ...one, seen: true }))),
  })
})
afterEach(() => void vi.useRealTimers())

const texts = () => useNotifications().toasts.map(({ text }) => text)

it('shows a toast for six seconds, not counted while the pointer is on it, and keeps it under the bell', async () => {
  const notifications = useNotifications()
  notifications.show({ text: 'Freed 95 MB' })
  await vi.advanceTimersByTimeAsync(5000)
  notifications.pause(notifications.toasts[0]!.key)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(texts()).toEqual(['Freed 95 MB'])
  notifications.resume(notifications.toasts[0]!.key)
  await vi.advanceTimersByTimeAsync(6000)
  expect(texts()).toEqual([])
  expect(notifications.unseen).toBe(1)
  await notifications.setOpen(true)
  expect(notifications.unseen).toBe(0)
})

it('never takes an error away', async () => {
  const notifications = useNotifications()
  notifications.show({ kind: 'bad', text: 'The disk is full.' })
  await vi.advanceTimersByTimeAsync(600_000)
  expect(texts()).toEqual(['The disk is full.'])
  notifications.close(notifications.toasts[0]!.key)
  expect(texts()).toEqual([])
})

it('puts a toast in the place of its namesake', () => {
  const notifications = useNotifications()
  notifications.show({ name: 'trash', text: '1 run moved to trash' })
  notifications.show({ text: 'Saved' })
  notifications.show({ name: 'trash', text: '2 runs moved to trash' })
  expect(texts()).toEqual(['Saved', '2 runs moved to trash'])
})

it('shows what the back end tells, which keeps that itself', () => {
  fake.listeners.clear()
  useNotifications()
  fake.listeners.get('notifications.told')!({
    kind: 'ok',
    about: 'Emoji nano',
    text: 'finished in 4 min',
  } as never)
  expect(texts()).toEqual(['finished in 4 min'])
  expect(kept).toEqual([])
})

it('shows a toast where the back end is gone', async () => {
  fake.backend['notifications.add'] = () => Promise.reject(new Error('gone'))
  useNotifications().show({ text: 'Connection lost' })
  await vi.advanceTimersByTimeAsync(0)
  expect(texts()).toEqual(['Connection lost'])
})
