import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { reactive } from 'vue'
import type { Dataset, DatasetImage, Run } from '#shared/contract'
import { useRuns } from '#features/runs/store'
import { useNotifications } from '#shell/notifications/notifications'
import { useDatasetImages } from './images'
import { useDatasets } from '#features/datasets/store'

type Call = (input: never) => Promise<unknown>
const fake = vi.hoisted(() => ({
  backend: {} as Record<string, Call>,
  listeners: new Map<string, (payload: unknown) => void>(),
  route: null as unknown as { path: string; params: object; query: Record<string, unknown> },
}))
vi.mock('#backend', () => ({
  backend: fake.backend,
  onEvent: (name: string, listener: (payload: unknown) => void) => fake.listeners.set(name, listener),
}))
vi.mock('vue-router', () => ({
  useRoute: () => fake.route,
  useRouter: () => ({ replace: ({ query }: { query: object }) => Object.assign(fake.route, { query }) }),
}))

const image = (id: number, changes: Partial<DatasetImage> = {}) =>
  ({ id, path: `${id}.png`, excluded: false, ...changes }) as DatasetImage
const all = Array.from({ length: 3 }, (_, i) => image(i))
let similar: boolean
let asked: { call: string; input: Record<string, unknown> }[]
const askedOf = (name: string) => asked.filter(({ call }) => call === name).map(({ input }) => input)

beforeEach(() => {
  setActivePinia(createPinia())
  fake.route = reactive({ path: '/datasets/d', params: { id: 'd' }, query: {} })
  asked = []
  similar = false
  const answers: Record<string, (input: Record<string, unknown>) => unknown> = {
    'datasets.images': ({ paths }) => {
      const images = paths ? all.filter(({ path }) => (paths as string[]).includes(path)) : all
      return { total: images.length, images }
    },
    'datasets.facets': () => ({ total: 3 }),
    'datasets.label': () => ({ id: 'd', excluded: 1, newestAct: 'excluded 1 image' }),
    'datasets.undo': () => ({ id: 'd', excluded: 0, newestAct: null }),
    'notifications.add': () => [],
    'inspect.measurement': () => ({ share: null, images: similar ? 3 : 0, pending: similar ? 0 : 3 }),
    'inspect.measure': () => ((similar = true), { images: 3, seconds: 1 }),
    'inspect.similar': () => [{ path: '2.png', value: 0.9 }],
    'runs.checkpoints': () => [{ step: 4 }, { step: 7 }],
  }
  for (const [call, answer] of Object.entries(answers))
    fake.backend[call] = async (input: never) => {
      asked.push({ call, input })
      return answer(input)
    }
  useDatasets().byId.set('d', { id: 'd', folder: '/pictures', excluded: 0 } as Dataset)
})

/** A run with checkpoints, on these images. */
const addRun = () =>
  useRuns().byId.set('r', {
    ...{ id: 'r', name: 'Run', createdAt: '', latest: {}, dataset: { folder: '/pictures' } },
  } as Run)

it('asks for the images that the address names, anew when it changes, and then chooses none', async () => {
  const images = useDatasetImages()
  await images.load(0)
  await vi.waitFor(() => expect(images.total).toBe(3))
  images.toggle(image(1))
  images.selectRange(0, 1)
  expect([...images.selected.keys()].sort()).toEqual([0, 1])
  void images.change({ classes: ['flags'], text: 'a' })
  await vi.waitFor(() =>
    expect(askedOf('datasets.images').at(-1)).toMatchObject({ classes: ['flags'], text: 'a' }),
  )
  expect(images.selected.size).toBe(0)
  expect(images.isFiltered).toBe(true)
  void images.clear()
  expect(images.isFiltered).toBe(false)
})

it('drops an answer that comes after the question has changed', async () => {
  let answer: (value: unknown) => void = () => undefined
  fake.backend['datasets.images'] = () => new Promise((resolve) => (answer = resolve))
  const images = useDatasetImages()
  void images.load(0)
  const late = answer
  await images.change({ text: 'other' })
  await vi.waitFor(() => expect(answer).not.toBe(late))
  late({ total: 99, images: [] })
  answer({ total: 1, images: [image(0)] })
  await vi.waitFor(() => expect(images.total).toBe(1))
})

it('excludes what is chosen, or else looked at; includes it where all of it is excluded', async () => {
  const images = useDatasetImages()
  await images.change({ image: '1.png' })
  await vi.waitFor(() => expect(images.image?.id).toBe(1))
  await images.exclude()
  images.toggle(image(0, { excluded: true }))
  images.toggle(image(2))
  await images.exclude()
  images.toggle(image(0, { excluded: true }))
  await images.exclude()
  expect(askedOf('datasets.label')).toEqual([
    { id: 'd', images: [1], change: { excluded: true } },
    { id: 'd', images: [0, 2], change: { excluded: true } },
    { id: 'd', images: [0], change: { excluded: false } },
  ])
  const [toast] = useNotifications().toasts
  expect(toast).toMatchObject({ text: 'Excluded 1 image' })
  await toast!.undo!()
  expect(askedOf('datasets.undo')).toEqual([{ id: 'd' }])
  await images.undo() // there is nothing left to take back
  expect(askedOf('datasets.undo')).toHaveLength(1)
})

it('measures by the newest checkpoint of a run on these images, and finds similar ones after that', async () => {
  addRun()
  const images = useDatasetImages()
  await vi.waitFor(() => expect(images.checkpoint).toEqual({ run: 'r', step: 7 }))
  expect(images.checkpoints.map(({ title }) => title)).toEqual(['Run, step 7', 'Run, step 4'])
  await vi.waitFor(() => expect(images.measurement).not.toBeNull())
  images.toggle(image(0))
  await images.findSimilar()
  expect(fake.route.query).toEqual({ similar: ['0.png'] })
  expect(askedOf('inspect.similar')).toEqual([])

  const end = images.measure()
  fake.listeners.get('inspect.measuring')!({ dataset: 'd', run: 'r', step: 7, share: 0.5 })
  expect(images.measurement?.share).toBe(0.5)
  await end
  await vi.waitFor(() => expect(images.alike).toEqual([{ path: '2.png', value: 0.9 }]))
  await vi.waitFor(() => expect(askedOf('datasets.images').at(-1)).toMatchObject({ paths: ['2.png'] }))
})
