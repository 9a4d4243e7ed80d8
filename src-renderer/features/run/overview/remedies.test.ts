import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Run } from '#shared/contract'
import { useRuns } from '#features/runs/store'
import { useRemedies } from './remedies'

const asked = vi.hoisted(() => [] as unknown[][])
const push = vi.hoisted(() => vi.fn())
vi.mock('vue-router', () => ({ useRouter: () => ({ push }) }))
vi.mock('#backend', () => ({ backend: {}, onEvent: () => undefined }))

const run = (status: string) => ({ id: 'one', status }) as Run
/** The store of runs with its calls noted instead of made. */
function prepared(held: boolean) {
  const runs = useRuns()
  runs.byId.set('one', run('running'))
  runs.queue = { ids: [], held }
  for (const name of ['pause', 'stop', 'kill', 'resume', 'move', 'hold', 'locate'] as const)
    runs[name] = (async (...input: unknown[]) => {
      asked.push([name, ...input])
      if (['pause', 'stop', 'kill'].includes(name)) runs.byId.set('one', run('paused'))
      if (name === 'pause') runs.queue = { ids: [], held: true }
    }) as never
  return useRemedies()
}
beforeEach(() => {
  setActivePinia(createPinia())
  asked.length = 0
})

it('a restart saves, goes on with the changes before all that wait, and lets the queue go', async () => {
  const changes = { baseLearningRate: 1 }
  await prepared(false).act(run('running'), { does: 'restart', saving: true, changes })
  expect(asked).toEqual([
    ['pause', 'one'],
    ['resume', 'one', changes, undefined, undefined],
    ['move', 'one', 0],
    ['hold', false],
  ])
})

it('what diverged or is stuck ends without saving', async () => {
  await prepared(false).act(run('running'), { does: 'restart', saving: false })
  expect(asked.map(([name]) => name)).toEqual(['kill', 'resume'])
})

it('more decoding threads reach the run, and a link is opened', async () => {
  const remedies = prepared(false)
  await remedies.act(run('running'), { does: 'restart', saving: false, decoders: 3 })
  expect(asked.at(-1)).toEqual(['resume', 'one', undefined, undefined, 3])
  await remedies.act(run('failed'), { does: 'open', to: '/machine#storage' })
  expect(push).toHaveBeenCalledWith('/machine#storage')
})
