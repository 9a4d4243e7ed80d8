import { expect, it, vi } from 'vitest'
import type { Engine } from '#engine/engine'
import { openBatches } from '#images/batches'
import { Manifest } from '#images/manifest'
import type { NamedTensorData } from '#model/tensor/step'
import { imageNetStatistics } from '#shared/image-net'
import { fromPreset } from '#shared/settings/hyperparameters'
import { compileUpdate } from './update'

const h = fromPreset('nano', {
  imageSize: 16, patchSize: 4, width: 32, depth: 2, queryDepth: 2, heads: 2, batchSize: 4, accumulation: 2,
}) // prettier-ignore

/** Decoders of these tests: what was asked of them, and the images that they have not answered yet. */
const threads = vi.hoisted(() => ({ asked: 0, open: [] as (() => void)[] }))
vi.mock('#images/decode/decoders', () => ({
  Decoders: class {
    decode(): Promise<null> {
      threads.asked++
      return new Promise((resolve) => threads.open.push(() => resolve(null)))
    }
  },
}))

/** An engine that computes two images at once and says when; gradients are sums of parts, each a 1. */
function double(events: string[]): Engine {
  const number = (value: number) => ({ shape: [], values: Float32Array.of(value) })
  return {
    id: 'double',
    device: { name: '', software: false, fastestBytes: 2 * 16 * 4 * 32 * 4, lanes: 1, branches: 1, vectorSize: 0, precisions: ['float32'] },
    createState: () => ({
      read: async () => ({}),
      copy: async () => undefined,
      write: async () => undefined,
      dispose: () => undefined,
    }),
    compile: async () => ({
      async run(inputs): Promise<NamedTensorData> {
        events.push('images' in inputs ? 'part' : 'update')
        return { loss: number(1), gradientNorm: number(2) }
      },
      dispose: async () => undefined,
    }),
  } // prettier-ignore
}

it('a part is computed as soon as its images are there, while those of the next step are decoded', async () => {
  const image = { path: 'a.jpg', bytes: 1, width: 16, height: 16, class: null, split: 'train' as const }
  const loader = openBatches({
    folder: 'images',
    images: await Manifest.of(Array.from({ length: 64 }, () => image)),
    chosen: Uint32Array.from({ length: 64 }, (_, i) => i),
    hyperparameters: h,
    firstBatch: 0,
    statistics: imageNetStatistics,
    decoders: 1,
    cacheLimits: { memory: 0, disk: 0 },
  })
  const events: string[] = []
  const engine = double(events)
  const update = await compileUpdate(h, imageNetStatistics, engine, engine.createState({}))
  const updated = update.run([loader.next(), loader.next()], 0, 1)
  const arrive = async (count: number) => {
    for (const answer of threads.open.splice(0, count)) answer()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }

  expect(threads.asked).toBe(5 * h.batchSize) // two batches of this step, three of the next ones
  await arrive(1)
  expect(events).toEqual([])
  await arrive(1)
  expect(events).toEqual(['part'])
  await arrive(4)
  expect(events).toEqual(['part', 'part', 'part'])
  await arrive(2)
  expect(events).toEqual(['part', 'part', 'part', 'part', 'update'])
  const { loss, gradientNorm, waited } = await updated
  expect({ loss, gradientNorm }).toEqual({ loss: 4, gradientNorm: 2 })
  expect(waited).toBeGreaterThan(40)
})
