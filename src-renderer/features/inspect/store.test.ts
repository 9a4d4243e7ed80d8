import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { nextTick, reactive } from 'vue'
import type { Checkpoint, Run } from '#shared/contract'
import { useRuns } from '#features/runs/store'
import { useInspect } from './store'

const fake = vi.hoisted(() => ({
  route: { params: {}, query: {}, path: '', hash: '' } as unknown as Record<string, never>,
  replace: vi.fn(),
}))
vi.mock('vue-router', () => ({
  useRoute: () => fake.route,
  useRouter: () => ({ replace: fake.replace, beforeEach: () => undefined }),
}))
vi.mock('#backend', () => ({
  backend: {
    'runs.checkpoints': async () => [10, 20, 30].map((step) => ({ step }) as Checkpoint),
    'inspect.fixedImages': async () => ['a.png', 'b.png'],
  },
  onEvent: () => undefined,
}))

interface Route {
  params: { id?: string }
  query: Record<string, string>
  path: string
  hash: string
}
let route: Route
const go = (id: string, query: Record<string, string> = {}) =>
  Object.assign(route, { params: { id }, query, path: `/runs/${id}/reconstructions` })

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  route = reactive<Route>({ params: {}, query: {}, path: '', hash: '' })
  fake.route = route as never
  fake.replace.mockReset()
  fake.replace.mockImplementation(({ query }: { query: Record<string, string> }) => {
    route.query = JSON.parse(JSON.stringify(query)) as Record<string, string>
  })
  for (const id of ['one', 'two'])
    useRuns().byId.set(id, { id, hyperparameters: { imageSize: 64, patchSize: 8 } } as Run)
})

async function opened(query: Record<string, string> = {}) {
  go('one', query)
  const inspect = useInspect()
  await vi.waitFor(() => expect(inspect.steps).toEqual([10, 20, 30]))
  return inspect
}

it('shows the newest checkpoint and the first image, and a checkpoint that is new', async () => {
  const inspect = await opened()
  expect(inspect.checkpoint?.step).toBe(30)
  await vi.waitFor(() => expect(inspect.image?.path).toBe('a.png'))
  useRuns().checkpoints.set(
    'one',
    [10, 20, 30, 40].map((step) => ({ step }) as Checkpoint),
  )
  expect(inspect.checkpoint?.step).toBe(40)
})

it('takes checkpoint, image and patch from the address, and finds the nearest checkpoint', async () => {
  const inspect = await opened({ step: '19', image: '@emoji/cats/b.png', patch: '5' })
  expect(inspect.checkpoint?.step).toBe(20)
  expect(inspect.image).toEqual({ source: { kind: 'dataset', id: 'emoji' }, path: 'cats/b.png' })
  expect(inspect.patch).toBe(5)
  inspect.showNearest(12)
  expect(inspect.position).toBe(0)
  inspect.showNearest(1e9)
  expect(inspect.checkpoint?.step).toBe(30)
})

it('tells the address once after many changes, and never takes an old one back', async () => {
  const inspect = await opened()
  for (const place of [0, 1, 0]) inspect.position = place
  inspect.patch = 9
  inspect.image = inspect.ofRun('b.png')
  await nextTick()
  vi.advanceTimersByTime(300)
  expect(fake.replace).toHaveBeenCalledTimes(1)
  expect(route.query).toEqual({ step: '10', image: 'b.png', patch: '9' })
  inspect.position = 1
  await nextTick()
  expect(inspect.checkpoint?.step).toBe(20)
})

it('keeps what was looked at of each run, and goes back by the address', async () => {
  const inspect = await opened({ step: '10' })
  go('two')
  await nextTick()
  expect(inspect.patch).toBe(0)
  expect(inspect.run?.id).toBe('two')
  go('one')
  await nextTick()
  expect(inspect.checkpoint?.step).toBe(10)
  go('one', { step: '20' })
  await nextTick()
  expect(inspect.checkpoint?.step).toBe(20)
})

it('a patch of another grid is the last of this one; zoom never shows less than the picture', async () => {
  const inspect = await opened({ patch: '500' })
  expect(inspect.patch).toBe(63)
  inspect.enlarge(4)
  inspect.enlarge(0.01)
  expect(inspect.zoom.factor).toBe(1)
})
