import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { enginesHere } from '#test/helpers/engines'
import { aRun } from '#test/helpers/a-run'
import {
  allSettings,
  type PresetName,
  fromPreset,
  type Hyperparameters,
  hyperparametersSchema,
} from '#shared/settings/hyperparameters'
import { weightCount } from '#model/objectives/index'
import type { EngineProof, Run } from '#shared/contract'
import { estimateRuns, waitSeconds } from './estimate'

const on = (runs: Run[], engine = 'onnxruntime-cpu', proof: EngineProof | null = null) => ({
  ...{ runs, proof, device: null },
  settings: { runsFolder: tmpdir(), engine, threads: 2 },
})
const divided = (train: number, validation = 0) => ({ train, validation })
const estimate = async (h: Hyperparameters, images: number, runs: Run[] = [], engine?: string) =>
  (await estimateRuns([{ h, images: divided(images) }], on(runs, engine)))[0]!

const memoryBy = async (engine: string) => {
  const { memoryBytes } = await estimate(fromPreset('nano', { batchSize: 2048 }), 50_000, [], engine)
  return memoryBytes / 1e9
}

describe('the memory of a large batch is estimated', () => {
  it.each(enginesHere().filter((engine) => engine !== 'onnxruntime-webgpu'))(
    'as that of its parts, where %s computes parts',
    async (engine) => expect(await memoryBy(engine)).toBeLessThan(1.5),
  )

  it('as a whole for a GPU', async () => expect(await memoryBy('onnxruntime-webgpu')).toBeGreaterThan(15))
})

describe('the time of a run', () => {
  const nano = aRun({ name: 'before', imagesPerSecond: 50 })

  it('is that of the newest run of the same model, on this engine', async () => {
    const newer = aRun({ name: 'newest', imagesPerSecond: 100, updatedAt: '2026-11-02' })
    const elsewhere = aRun({ imagesPerSecond: 1, updatedAt: '2026-11-03', engine: 'tensorflow' })
    const h = fromPreset('nano', { epochs: 20, healthEvery: 0 })
    const { seconds, basis, totalSteps } = await estimate(h, 160, [nano, newer, elsewhere])
    expect(basis).toEqual({ kind: 'earlier-run', run: 'newest' })
    expect([totalSteps, seconds]).toEqual([200, 32])
  })

  it('is scaled from the nearest model by arithmetic, where this one was never trained', async () => {
    const runs = [nano, aRun({ name: 'far', hyperparameters: fromPreset('base'), imagesPerSecond: 1000 })]
    const [same, tiny] = await estimateRuns(
      [fromPreset('nano'), fromPreset('tiny', { epochs: 10 })].map((h) => ({ h, images: divided(640) })),
      on(runs),
    )
    expect(tiny!.basis).toEqual({ kind: 'other-run', run: 'before' })
    expect(tiny!.seconds / same!.seconds).toBeGreaterThan(2)
  })

  describe('is that of the preset that was measured when the engine was tested', () => {
    const beside = { openSeconds: 1, lookSeconds: 0.005, saveSeconds: 0.5 }
    const measured = (preset: PresetName, imagesPerSecond: number) => ({
      ...{ preset, imagesPerSecond, readySeconds: 2, memoryBytes: 1e9, beside },
    })
    const presets = [measured('nano', 50), measured('tiny', 20)]
    const proof = { presets, precisions: [{ precision: 'float32', presets }] } as unknown as EngineProof
    const other = aRun({ name: 'far', hyperparameters: fromPreset('base'), imagesPerSecond: 1000 })
    const of = async (h: Hyperparameters, images = divided(1600)) =>
      (await estimateRuns([{ h, images }], on([other], 'onnxruntime-cpu', proof)))[0]!

    it('with what it took for all that is done beside steps', async () => {
      const nano = await of(fromPreset('nano', { validationFraction: 0.2 }), divided(1600, 400))
      expect(nano.basis).toEqual({ kind: 'proof', preset: 'nano', isSame: true })
      expect(nano.parts).toEqual({
        ready: 3,
        training: 16_000 / 50,
        // Encoder and decoder.
        validation: 10 * 400 * 2 * 0.005,
        // Every second epoch, of no more images than are looked at.
        health: 5 * 768 * 0.005,
        checkpoints: 2 * 0.5,
      })
      expect(nano.seconds).toBeCloseTo(3 + 320 + 40 + 19.2 + 1)
      expect(nano.memoryBytes).toBeCloseTo(1e9, -1)
    })

    it('scaled by counted operations and weights for another model', async () => {
      const [nano, deeper] = [
        await of(fromPreset('nano')),
        await of(fromPreset('nano', { depth: 6, queryDepth: 6 })),
      ]
      expect(deeper.basis).toEqual({ kind: 'proof', preset: 'nano', isSame: false })
      for (const part of ['training', 'health', 'checkpoints'] as const) {
        // Half as many blocks again, and a little beside them.
        expect(deeper.parts[part] / nano.parts[part]).toBeGreaterThan(1.35)
        expect(deeper.parts[part] / nano.parts[part]).toBeLessThan(1.5)
      }
      const { basis } = await of(fromPreset('small'))
      expect(basis).toEqual({ kind: 'proof', preset: 'tiny', isSame: false })
    })
  })

  it('counts what trains and waits before it', () => {
    const ahead = [aRun({ secondsLeft: 30 }), aRun({ status: 'queued', step: 0 })]
    // Ten epochs of 160 images at 50 a second, and five looks at each of them, a sixth of a step.
    expect(waitSeconds(ahead, on([nano]))).toBeCloseTo(30 + 32 + (5 * 160) / 6 / 50)
  })
})

it('warns at the choice that causes it', async () => {
  const { warnings } = await estimate(
    fromPreset('base', { batchSize: 4096, epochs: 10_000, keepEvery: 0 }),
    10_000,
    [aRun({ imagesPerSecond: 1 })],
    'onnxruntime-webgpu',
  )
  expect(warnings.map(({ at }) => at)).toEqual(['model', 'duration'])
  const few = await estimate(fromPreset('nano'), 3)
  expect(few.warnings).toEqual([{ at: 'images', text: 'Fewer images (3) than a batch (16): they repeat.' }])
})

it('counts the weights anew for each setting that changes how many there are', async () => {
  const start = fromPreset('nano', { objective: 'mae' })
  const others = allSettings.flatMap(({ name, choices }) => {
    const value = start[name]
    const values = typeof value === 'number' ? [value / 2, value * 2] : (choices ?? [!value])
    return values.flatMap((other) => hyperparametersSchema.safeParse({ ...start, [name]: other }).data ?? [])
  })
  expect(others.length).toBeGreaterThan(40)
  for (const h of [start, ...others]) expect((await estimate(h, 100)).parameters).toBe(weightCount(h))
})

it('compares with the memory of the GPU where that computes, and with none where it is not known', async () => {
  const h = fromPreset('base', { batchSize: 256, device: '1' })
  const of = async (freeBytes: number | null) =>
    (
      await estimateRuns([{ h, images: divided(1) }], {
        ...on([], 'onnxruntime-webgpu'),
        device: { freeBytes: [1e9, freeBytes] },
      })
    )[0]!
  const small = await of(8e9)
  expect(small).toMatchObject({ memoryOf: 'device', availableMemoryBytes: 8e9 })
  expect(small.warnings.map(({ text }) => text).join()).toContain('GPU’s memory, 8.0 GB available')
  expect((await of(null)).warnings.filter(({ at }) => at === 'model')).toEqual([])
})
