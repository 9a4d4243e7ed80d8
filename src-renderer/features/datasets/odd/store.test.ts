import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { nextTick, reactive } from 'vue'
import type { Dataset, Run } from '#shared/contract'
import { useRuns } from '#features/runs/store'
import { useDatasetImages } from '#features/datasets/images/images'
import { useDatasets } from '#features/datasets/store'
import { heatOf, ordinaryWords, useOdd } from './store'

type Call = (input: never) => Promise<unknown>
const fake = vi.hoisted(() => ({
  backend: {} as Record<string, Call>,
  events: {} as Record<string, (payload: never) => void>,
  route: null as unknown as { path: string; params: object; query: Record<string, unknown> },
}))
vi.mock('#backend', () => ({
  backend: fake.backend,
  onEvent: (name: string, listen: (payload: never) => void) => (fake.events[name] = listen),
}))
vi.mock('vue-router', () => ({
  useRoute: () => fake.route,
  useRouter: () => ({ replace: ({ query }: { query: object }) => Object.assign(fake.route, { query }) }),
}))

const about = { run: 'r', step: 7, ordinary: {}, at: '1', images: 4, low: 0.1, high: 0.9, bins: [2, 2] }
let known: { threshold: number; above: number }
let asked: { call: string; input: Record<string, unknown> }[]
const askedOf = (name: string) => asked.filter(({ call }) => call === name).map(({ input }) => input)
const settled = async () => {
  for (let i = 0; i < 20; i++) await nextTick()
}

beforeEach(async () => {
  setActivePinia(createPinia())
  fake.route = reactive({ path: '/datasets/d/odd', params: { id: 'd' }, query: {} })
  asked = []
  known = { threshold: 0.5, above: 2 }
  const answers: Record<string, (input: Record<string, unknown>) => unknown> = {
    'datasets.images': () => ({ total: 0, images: [] }),
    'datasets.facets': () => ({ total: 4, tags: [{ name: 'good', images: 2 }] }),
    'datasets.odd': () => ({ found: { ...about, ...known }, share: null }),
    'datasets.findOdd': () => true,
    'datasets.setOddThreshold': ({ threshold }) =>
      Object.assign({}, about, (known = { threshold: threshold as number, above: 1 })),
    'inspect.measurement': () => ({ share: null, images: 4, pending: 0 }),
    'runs.checkpoints': () => [{ step: 7 }],
  }
  for (const [call, answer] of Object.entries(answers))
    fake.backend[call] = async (input: never) => {
      asked.push({ call, input })
      return answer(input)
    }
  useDatasets().byId.set('d', {
    ...{ id: 'd', status: 'ready', folder: '/pictures', images: 4, excluded: 0, newestAct: null },
    ...{ classes: [{ name: 'parts', images: 4 }], splits: { none: 2, train: 2, validation: 0, test: 0 } },
  } as unknown as Dataset)
  useRuns().byId.set('r', {
    ...{ id: 'r', name: 'Run', createdAt: '', latest: {}, dataset: { folder: '/pictures' } },
  } as Run)
  useOdd()
  await settled()
})

it('lists the oddest first on its own page, and counts anew where the line is moved to', async () => {
  expect(useDatasetImages().view.sort).toBe('odd')
  const odd = useOdd()
  expect([odd.threshold, odd.found?.above]).toEqual([0.5, 2])
  odd.threshold = 0.7
  odd.threshold = 0.8
  await settled()
  expect(askedOf('datasets.setOddThreshold').at(-1)).toEqual({ id: 'd', threshold: 0.8 })
  expect([odd.threshold, odd.found?.above]).toEqual([0.8, 1])
})

it('lists from the line on where only odd ones are asked for, and follows it', async () => {
  const odd = useOdd()
  odd.show(true)
  await settled()
  expect(askedOf('datasets.images').at(-1)).toMatchObject({ odd: 0.5, sort: 'odd' })
  odd.threshold = 0.6
  await settled()
  expect(askedOf('datasets.images').at(-1)).toMatchObject({ odd: 0.6 })
  odd.show(false)
  await settled()
  expect(askedOf('datasets.images').at(-1)).not.toHaveProperty('odd')
})

it('compares with what is chosen, tells how far that is, and shows what came of it', async () => {
  const odd = useOdd()
  expect(odd.choices.map(({ title }) => title)).toEqual([
    ...['All images', 'Split train', 'Class parts', 'Tag good'],
  ])
  odd.chosen = { tags: ['good'] }
  void odd.find()
  await settled()
  expect(askedOf('datasets.findOdd')).toEqual([{ id: 'd', run: 'r', step: 7, ordinary: { tags: ['good'] } }])
  const tell = (share: number | null) => fake.events['datasets.findingOdd']!({ id: 'd', share } as never)
  tell(0.25)
  expect(odd.share).toBe(0.25)
  known = { threshold: 0.3, above: 3 }
  tell(null)
  await settled()
  expect([odd.share, odd.found?.above, odd.threshold]).toEqual([null, 3, 0.3])
})

it('is cold where patches are as usual, and hottest at the largest distance', () => {
  expect(heatOf([0.1, 0.2, 0.5, 0.8], { low: 0.2, high: 0.8 })).toEqual([0, 0, expect.closeTo(0.5), 1])
  expect(ordinaryWords({ splits: ['none'] })).toBe('Images without split')
})
