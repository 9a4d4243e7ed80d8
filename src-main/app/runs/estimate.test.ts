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
const estimate = async (h: Hyperparameters, images: number, runs: Run[] = [], engine?: string) =>
  (await estimateRuns([{ h, images }], on(runs, engine)))[0]!

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
    const { seconds, basis, totalSteps } = await estimate(fromPreset('nano', { epochs: 20 }), 160, [
      nano,
      newer,
      elsewhere,
    ])
    expect(basis).toEqual({ kind: 'earlier-run', run: 'newest' })
    expect([totalSteps, seconds]).toEqual([200, 32])
  })

  it('is scaled from the nearest model by arithmetic, where this one was never trained', async () => {
    const runs = [nano, aRun({ name: 'far', hyperparameters: fromPreset('base'), imagesPerSecond: 1000 })]
    const [same, tiny] = await estimateRuns(
      [fromPreset('nano'), fromPreset('tiny', { epochs: 10 })].map((h) => ({ h, images: 640 })),
      on(runs),
    )
    expect(tiny!.basis).toEqual({ kind: 'other-run', run: 'before' })
    expect(tiny!.seconds / same!.seconds).toBeGreaterThan(2)
  })

  it('is scaled from the preset that was measured when the engine was tested, by counted operations', async () => {
    const measured = (preset: PresetName, imagesPerSecond: number) => ({
      ...{ preset, imagesPerSecond, readySeconds: 2, memoryBytes: 1e9 },
    })
    const presets = [measured('nano', 50), measured('tiny', 20)]
    const proof = { presets, precisions: [{ precision: 'float32', presets }] } as unknown as EngineProof
    const other = aRun({ name: 'far', hyperparameters: fromPreset('base'), imagesPerSecond: 1000 })
    const settings = { validationFraction: 0, healthEvery: 0 }
    const of = async (h: Hyperparameters) =>
      (await estimateRuns([{ h, images: 1600 }], on([other], 'onnxruntime-cpu', proof)))[0]!
    const nano = await of(fromPreset('nano', settings))
    expect(nano.basis).toEqual({ kind: 'proof', preset: 'nano', isSame: true })
    expect(nano.seconds).toBe(2 + 16_000 / 50)
    expect(nano.memoryBytes).toBeCloseTo(1e9, -1)
    // Half as many blocks again, and a little beside them.
    const deeper = await of(fromPreset('nano', { ...settings, depth: 6, queryDepth: 6 }))
    expect(deeper.basis).toEqual({ kind: 'proof', preset: 'nano', isSame: false })
    expect((deeper.seconds - 2) / (nano.seconds - 2)).toBeGreaterThan(1.35)
    expect((deeper.seconds - 2) / (nano.seconds - 2)).toBeLessThan(1.5)
    expect((await of(fromPreset('small', settings))).basis).toEqual({
      kind: 'proof',
      preset: 'tiny',
      isSame: false,
    })
    // The encoder is looked at five times and the loss of a tenth of the images measured ten times.
    const looked = await of(fromPreset('nano', { validationFraction: 0.1, healthEvery: 2 }))
    expect(looked.seconds).toBeGreaterThan(1.03 * nano.seconds)
  })

  it('counts what trains and waits before it', () => {
    const ahead = [aRun({ secondsLeft: 30 }), aRun({ status: 'queued', step: 0 })]
    // Ten epochs of 160 images at 50 a second.
    expect(waitSeconds(ahead, on([nano]))).toBe(30 + 32)
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
  const h = fromPreset('base', { batchSize: 256 })
  const of = async (freeBytes: number | null) =>
    (
      await estimateRuns([{ h, images: 1000 }], { ...on([], 'onnxruntime-webgpu'), device: { freeBytes } })
    )[0]!
  const small = await of(8e9)
  expect(small).toMatchObject({ memoryOf: 'device', availableMemoryBytes: 8e9 })
  expect(small.warnings.map(({ text }) => text).join()).toContain('GPU’s memory, 8.0 GB available')
  expect((await of(null)).warnings.filter(({ at }) => at === 'model')).toEqual([])
})
