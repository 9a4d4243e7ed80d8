import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, nextTick } from 'vue'
import type { Run } from '#shared/contract'
import { aRun } from '#test/helpers/a-run'
import { useNotes } from './notes'

const fake = vi.hoisted(() => ({ backend: {} as Record<string, (input: never) => Promise<unknown>> }))
vi.mock('#backend', () => ({ backend: fake.backend, onEvent: () => () => true }))

const update = vi.fn<(changes: unknown) => Promise<Run>>(async () => aRun())
beforeEach(() => {
  setActivePinia(createPinia())
  vi.useFakeTimers()
  update.mockClear()
  fake.backend['runs.update'] = update
})
afterEach(() => void vi.useRealTimers())

const opened = () => {
  const scope = effectScope()
  return { scope, form: scope.run(() => useNotes(aRun({ notes: 'Before' })))! }
}
async function type(form: ReturnType<typeof useNotes>, text: string) {
  form.notes.value = text
  await nextTick()
}

it('saves once after the last letter, and says so', async () => {
  const { form } = opened()
  await type(form, 'A')
  await type(form, 'AB')
  expect([form.state.value, update.mock.calls.length]).toEqual(['Saving…', 0])
  await vi.advanceTimersByTimeAsync(1000)
  expect(update.mock.calls).toEqual([[{ id: 'a-run', name: 'A run', notes: 'AB' }]])
  expect(form.state.value).toBe('Saved')
})

it('saves what was typed when it is left, and nothing where nothing was typed', async () => {
  const { form, scope } = opened()
  await type(form, 'Late')
  scope.stop()
  expect(update).toHaveBeenCalledTimes(1)
  opened().scope.stop()
  expect(update).toHaveBeenCalledTimes(1)
})

it('says that it was not saved, and keeps the name where it was emptied', async () => {
  const { form } = opened()
  form.name.value = ' '
  update.mockRejectedValueOnce(new Error('full'))
  await nextTick()
  await vi.advanceTimersByTimeAsync(1000)
  expect(update.mock.calls[0]![0]).toEqual({ id: 'a-run', notes: 'Before' })
  expect(form.state.value).toBe('Not saved')
})
