import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { nextTick, reactive } from 'vue'
import type { Dataset } from '#shared/contract'
import { useDatasets } from '#features/datasets/store'
import { useEmbeddings } from './store'

type Call = (input: never) => Promise<unknown>
const fake = vi.hoisted(() => ({
  backend: {} as Record<string, Call>,
  inspect: {} as { run: unknown; checkpoint: unknown; image: unknown },
}))
vi.mock('#backend', () => ({ backend: fake.backend, onEvent: () => undefined }))
vi.mock('#ui/file-url', () => ({ fileUrl: (path: string) => path }))
vi.mock('#features/inspect/store', () => ({ useInspect: () => fake.inspect }))

const source = { kind: 'run', id: 'a-run' } as const
const map = {
  paths: ['a.png', 'b.png'],
  x: [0, 1],
  y: [0, 1],
  groupings: [{ name: 'class', values: ['flags'], of: [0, 0] }],
  loss: [0.25, 0.5],
}
const asked: { call: string; input: unknown }[] = []

beforeEach(() => {
  setActivePinia(createPinia())
  asked.length = 0
  fake.inspect = reactive({
    run: { id: 'a-run', dataset: { folder: '/pictures' } },
    checkpoint: { step: 7 },
    image: null,
  })
  const answers: Record<string, unknown> = {
    'inspect.embed': { images: 2, unreadable: 0, seconds: 1 },
    'inspect.map': map,
    'inspect.extremes': [{ path: 'b.png', value: 0.5 }],
    'inspect.agreement': [{ class: 'flags', images: 2, share: 1 }],
    'inspect.neighbours': [{ path: 'b.png', value: 0.9 }],
    'datasets.images': { total: 2, images: [{ id: 4 }, { id: 9 }] },
    'datasets.label': { id: 'd' },
  }
  for (const [call, answer] of Object.entries(answers))
    fake.backend[call] = async (input: never) => {
      asked.push({ call, input })
      return answer
    }
})

it('embeds, then shows the map, what stands out and how classes agree', async () => {
  const embeddings = useEmbeddings()
  embeddings.source = source
  await embeddings.embed()
  expect(embeddings.map).toEqual(map)
  expect(embeddings.extremes).toHaveLength(1)
  expect(embeddings.agreement).toEqual([{ class: 'flags', images: 2, share: 1 }])
  await embeddings.look('a.png')
  expect(embeddings.neighbours).toEqual([{ path: 'b.png', value: 0.9 }])
  expect(embeddings.aboutImage('a.png')).toEqual({ class: 'flags', loss: 0.25 })
  expect(embeddings.aboutImage('z.png')).toBeNull()
  expect(fake.inspect.image).toEqual({ source, path: 'a.png' })

  // Another checkpoint sees the images otherwise.
  fake.inspect.checkpoint = { step: 8 }
  await nextTick()
  expect(embeddings.map).toBeNull()
})

it('shows what UMAP has no places for by PCA', async () => {
  const embeddings = useEmbeddings()
  embeddings.source = source
  fake.backend['inspect.map'] = async ({ method }: { method: string }) => (method === 'umap' ? null : map)
  await embeddings.embed()
  await vi.waitFor(() => expect(embeddings.map).toEqual(map))
  expect(embeddings.method).toBe('pca')
})

it('excludes what was chosen from the data set of the folder, and takes it back', async () => {
  const embeddings = useEmbeddings()
  embeddings.source = source
  await nextTick()
  embeddings.toggle('a.png')
  embeddings.toggle('b.png')
  await embeddings.exclude()
  expect(asked).toEqual([]) // the folder is in no list
  useDatasets().byId.set('d', { id: 'd', folder: '/pictures', addedAt: '' } as Dataset)
  await embeddings.exclude()
  expect(embeddings.selected).toEqual([])
  await embeddings.undo()
  const excludes = asked.filter(({ call }) => call === 'datasets.label').map(({ input }) => input)
  expect(excludes).toEqual(
    [true, false].map((excluded) => ({ id: 'd', images: [4, 9], change: { excluded } })),
  )
})
