import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { reactive } from 'vue'
import type { Dataset } from '#shared/contract'
import { useQuality } from './quality'
import { useDatasets } from '#features/datasets/store'

type Call = (input: never) => Promise<unknown>
const fake = vi.hoisted(() => ({
  backend: {} as Record<string, Call>,
  route: null as unknown as { path: string; params: object; query: object },
}))
vi.mock('#backend', () => ({ backend: fake.backend, onEvent: () => undefined }))
vi.mock('vue-router', () => ({
  useRoute: () => fake.route,
  useRouter: () => ({ replace: ({ query }: { query: object }) => Object.assign(fake.route, { query }) }),
}))

const dataset = (changes: Partial<Dataset> = {}) =>
  ({
    ...{
      id: 'd',
      status: 'ready',
      images: 9,
      unreadable: 0,
      unchecked: 0,
      excluded: 0,
      copies: 2,
      checking: null,
    },
    ...{ classes: [], notices: [], sizes: null, splits: {}, ...changes },
  }) as unknown as Dataset
const pairs = [1, 2].map((id) => ({ copy: { id, path: `${id}.png` }, of: { id: 10 * id }, distance: id }))
let open: typeof pairs
let asked: { call: string; input: unknown }[]

beforeEach(() => {
  setActivePinia(createPinia())
  fake.route = reactive({ path: '/datasets/d/quality', params: { id: 'd' }, query: {} })
  open = pairs
  asked = []
  /** Takes a pair out of what is open, or brings it back, as the backend does. */
  const settle = (copy: number, settled: boolean) => {
    open = settled ? open.filter((pair) => pair.copy.id !== copy) : pairs
    return dataset({ copies: open.length })
  }
  const answers: Record<string, (input: never) => unknown> = {
    'datasets.report': () => ({
      near: open.length,
      identical: 0,
      alike: 0,
      leaked: 0,
      compared: null,
      smaller: [],
    }),
    'datasets.images': () => ({ images: [{ id: 1 }] }),
    'datasets.duplicates': () => ({ total: open.length, pairs: open }),
    'datasets.keepPair': ({ copy, kept }: { copy: number; kept: boolean }) => settle(copy, kept),
    'datasets.label': ({ images, change }: { images: [number]; change: { excluded: boolean } }) =>
      settle(images[0], change.excluded),
  }
  for (const [call, answer] of Object.entries(answers))
    fake.backend[call] = async (input: never) => {
      asked.push({ call, input })
      return answer(input)
    }
  useDatasets().byId.set('d', dataset())
})

it('shows the first pair of what is to be looked at, and examples of each issue', async () => {
  const quality = useQuality()
  await vi.waitFor(() => expect(quality.pair).toEqual(pairs[0]))
  expect(quality.chosen?.name).toBe('near')
  expect(quality.open).toHaveLength(1)
  await vi.waitFor(() => expect(quality.examples?.get('near')).toEqual([{ id: 1 }]))
  quality.go(1)
  expect(quality.pair).toEqual(pairs[1])
  quality.go(1)
  expect(quality.pair).toEqual(pairs[1])
})

it('keeps a pair or excludes its copy, goes on to the next, and takes the last decision back', async () => {
  const quality = useQuality()
  await vi.waitFor(() => expect(quality.pair).toEqual(pairs[0]))
  await quality.decide(true)
  await vi.waitFor(() => expect(quality.pair).toEqual(pairs[1]))
  await quality.decide(false)
  await vi.waitFor(() => expect(quality.chosen).toBeNull())
  expect(quality.fine).toContain('No near-duplicates')
  expect(asked.filter(({ call }) => /keepPair|label/.test(call))).toEqual([
    { call: 'datasets.keepPair', input: { id: 'd', copy: 1, of: 10, kept: true } },
    { call: 'datasets.label', input: { id: 'd', images: [2], change: { excluded: true } } },
  ])
  await quality.undo()
  const included = { id: 'd', images: [2], change: { excluded: false } }
  expect(asked).toContainEqual({ call: 'datasets.label', input: included })
  await vi.waitFor(() => expect(quality.pair).not.toBeNull())
})
