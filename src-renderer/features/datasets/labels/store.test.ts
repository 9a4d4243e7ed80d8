import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { nextTick, reactive } from 'vue'
import type { Dataset, DatasetImage, Run } from '#shared/contract'
import { useRuns } from '#features/runs/store'
import { useDatasetImages } from '#features/datasets/images/images'
import { useDatasets } from '#features/datasets/store'
import { useLabelling } from './store'

type Call = (input: never) => Promise<unknown>
const fake = vi.hoisted(() => ({
  backend: {} as Record<string, Call>,
  route: null as unknown as { path: string; params: object; query: Record<string, unknown> },
}))
vi.mock('#backend', () => ({ backend: fake.backend, onEvent: () => undefined }))
vi.mock('vue-router', () => ({
  useRoute: () => fake.route,
  useRouter: () => ({ replace: ({ query }: { query: object }) => Object.assign(fake.route, { query }) }),
}))

const image = (id: number, changes: Partial<DatasetImage> = {}) =>
  ({ id, path: `${id}.png`, class: null, suggestion: null, ...changes }) as DatasetImage
const sure = { class: 'flags', confidence: 0.9 }
const all = [
  image(0),
  image(1, { suggestion: sure }),
  image(2, { suggestion: sure, class: 'flags' }),
  image(3, { suggestion: sure }),
]
const set = (changes: Partial<Dataset> = {}) =>
  ({ ...{ id: 'd', folder: '/pictures', images: 4, excluded: 0, newestAct: null }, ...{ classes: [{ name: 'flags', images: 1 }] }, ...changes }) as Dataset // prettier-ignore
let asked: { call: string; input: Record<string, unknown> }[]
const askedOf = (name: string) => asked.filter(({ call }) => call === name).map(({ input }) => input)

beforeEach(() => {
  setActivePinia(createPinia())
  fake.route = reactive({ path: '/datasets/d', params: { id: 'd' }, query: {} })
  asked = []
  const answers: Record<string, (input: Record<string, unknown>) => unknown> = {
    'datasets.images': ({ paths }) => {
      const images = paths ? all.filter(({ path }) => (paths as string[]).includes(path)) : all
      return { total: images.length, images }
    },
    'datasets.facets': () => ({ total: 4 }),
    'datasets.label': () => set({ newestAct: `act ${asked.length}` }),
    'datasets.suggest': () => ({ labelled: 4, unlabelled: 0, classes: [], right: 3, seconds: 0 }),
    'inspect.measurement': () => ({ share: null, images: 4, pending: 0 }),
    'runs.checkpoints': () => [{ step: 7 }],
    'notifications.add': () => [],
  }
  for (const [call, answer] of Object.entries(answers))
    fake.backend[call] = async (input: never) => {
      asked.push({ call, input })
      return answer(input)
    }
  useDatasets().byId.set('d', set())
  useRuns().byId.set('r', {
    ...{ id: 'r', name: 'Run', createdAt: '', latest: {}, dataset: { folder: '/pictures' } },
  } as Run)
})

it('shows images without a class, and asks for suggestions after each act', async () => {
  const labelling = useLabelling()
  await labelling.begin()
  expect(fake.route.query).toEqual({ class: [''], label: 1 })
  await vi.waitFor(() => expect(labelling.accuracy).toEqual({ share: 0.75, of: 4 }))
  expect(askedOf('datasets.suggest')).toEqual([{ id: 'd', run: 'r', step: 7 }])
  useDatasets().byId.set('d', set({ newestAct: 'labelled 1 image flags' }))
  await vi.waitFor(() => expect(askedOf('datasets.suggest')).toHaveLength(2))
  void labelling.show('doubted')
  expect(fake.route.query).toMatchObject({ problem: ['doubted'], sort: 'sure', label: 1 })
  expect(labelling.order).toBe('doubted')
})

it('shows all images where each has a class', async () => {
  const classes = [{ name: 'flags', images: 4, excluded: 0 }]
  useDatasets().byId.set('d', set({ images: 4, classes }))
  await useLabelling().begin()
  expect(fake.route.query).toEqual({ label: 1 })
})

it('labels the image that is looked at and goes to the next, or else all that are selected', async () => {
  const labelling = useLabelling()
  const images = useDatasetImages()
  await labelling.begin()
  await images.load(0)
  await vi.waitFor(() => expect(images.total).toBe(4))
  await images.look('1.png')
  await vi.waitFor(() => expect(images.image?.id).toBe(1))
  await labelling.label('food')
  expect(askedOf('datasets.label')).toEqual([{ id: 'd', images: [1], change: { class: 'food' } }])
  expect(images.view.image).toBe('2.png')
  expect(labelling.classes.map(({ name }) => name)).toEqual(['flags', 'food'])
  images.toggle(all[0]!)
  images.toggle(all[3]!)
  await labelling.label('flags')
  expect(askedOf('datasets.label')[1]).toEqual({ id: 'd', images: [0, 3], change: { class: 'flags' } })
  expect(images.selected.size).toBe(0)
})

it('accepts what is suggested for the images on screen, or of the selection', async () => {
  const labelling = useLabelling()
  const images = useDatasetImages()
  await labelling.begin()
  await images.load(0)
  await vi.waitFor(() => expect(images.total).toBe(4))
  images.onScreen = { from: 0, to: 3 }
  expect(labelling.acceptable.map(({ id }) => id)).toEqual([1]) // 0 has no suggestion, 2 has that class
  images.toggle(all[3]!)
  await labelling.accept()
  expect(askedOf('datasets.label')).toEqual([{ id: 'd', images: [3], change: { accept: true } }])
})

it('accepts nothing of images as they were before an act, until they come as they are now', async () => {
  const labelling = useLabelling()
  const images = useDatasetImages()
  await labelling.begin()
  await images.load(0)
  await vi.waitFor(() => expect(images.total).toBe(4))
  images.onScreen = { from: 0, to: 3 }
  await vi.waitFor(() => expect(labelling.accuracy).not.toBeNull())
  await vi.waitFor(() => expect(labelling.acceptable).toHaveLength(1))
  let come: (answer: object) => void = () => undefined
  fake.backend['datasets.images'] = () => new Promise((resolve) => (come = resolve))
  await labelling.accept()
  await nextTick()
  expect(labelling.acceptable).toEqual([])
  come({ total: 4, images: all })
  await vi.waitFor(() => expect(labelling.acceptable.map(({ id }) => id)).toEqual([1]))
})
