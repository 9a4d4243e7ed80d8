import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Run } from '#shared/contract'
import { useSketches } from './sketches'

const fake = vi.hoisted(() => ({ ask: vi.fn<(input: { ids: string[] }) => Promise<unknown[]>>() }))
vi.mock('#backend', () => ({ backend: { 'runs.sketches': fake.ask } }))
const run = (id: string, step: number, status = 'running') => ({ id, step, totalSteps: 240, status }) as Run
const asked = () => fake.ask.mock.calls.map(([{ ids }]) => ids.join())

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  fake.ask
    .mockReset()
    .mockImplementation(async ({ ids }) => ids.map((id) => ({ id, trend: [1], picture: null })))
})

it('asks only about rows that stay, once each, and again after a share of the steps or at the end', async () => {
  const sketches = useSketches()
  sketches.show([run('passing', 1)])
  sketches.show([run('a', 1), run('b', 1)])
  await vi.advanceTimersByTimeAsync(500)
  expect(asked()).toEqual(['a,b'])
  expect(sketches.byId.get('a')!.trend).toEqual([1])
  sketches.show([run('a', 5), run('b', 12)])
  await vi.advanceTimersByTimeAsync(500)
  sketches.show([run('a', 6, 'finished'), run('b', 12)])
  await vi.advanceTimersByTimeAsync(500)
  expect(asked()).toEqual(['a,b', 'b', 'a'])
})

it('asks again where there was no answer', async () => {
  const sketches = useSketches()
  fake.ask.mockRejectedValueOnce(new Error('lost'))
  for (let i = 0; i < 2; i++) {
    sketches.show([run('a', 1)])
    await vi.advanceTimersByTimeAsync(500)
  }
  expect(asked()).toEqual(['a', 'a'])
})
