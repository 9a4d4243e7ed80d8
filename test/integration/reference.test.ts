import { describe, expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { readReference } from '#jobs/prove/pretraining'
import { verifyReference } from '#jobs/prove/verify'
import { learningRateAt } from '#model/optimizers/schedule'
import { enginesHere, testedEngines } from '#test/helpers/engines'
import { recipes, references, referenceSchedule, retrained } from '#test/helpers/reference-data'
import { hasPython, requirePythonInCi, runPython } from '#test/helpers/python'
import { saim, temporaryFolder } from '#test/helpers/runs'

if (process.env['CI'])
  it('has every engine to test on', () => {
    expect(enginesHere()).toEqual(testedEngines)
  })

requirePythonInCi()

describe('an independent implementation', () => {
  const slow = 'onnxruntime-webgpu' // in software
  const everywhere = enginesHere().flatMap((engine) => references.map((folder) => ({ engine, folder })))
  const briefly = everywhere.filter(({ engine, folder }) => engine !== slow || folder === references[0])
  const recomputed = briefly.map((where) => ({ ...where, changes: { gradientCheckpointing: true } }))
  // Without CI webgpu.test.ts alone asks WebGPU as it stands, with the graphs that hardware gets.
  const plain = everywhere
    .filter(({ engine }) => process.env['CI'] || engine !== slow)
    .map((where) => ({ ...where, changes: {} }))
  it.each([...plain, ...recomputed])(
    'agrees within tolerance at every stage: $engine on $folder $changes',
    async ({ engine, folder, changes }) => {
      const checks = await verifyReference(folder, await createEngine(engine, { threads: 2 }), changes)
      expect(checks.length).toBeGreaterThan(50)
      expect(checks.filter(({ difference, tolerance }) => !(difference <= tolerance))).toEqual([])
    },
  )

  it.each(
    enginesHere()
      .filter((engine) => engine !== slow)
      .flatMap((engine) => recipes.map((folder) => ({ engine, folder }))),
  )('agrees in fine-tuning and the probe: $engine on $folder', async ({ engine, folder }) => {
    const checks = await verifyReference(folder, await createEngine(engine, { threads: 2 }))
    expect(checks.length).toBeGreaterThan(5)
    expect(checks.filter(({ difference, tolerance }) => !(difference <= tolerance))).toEqual([])
  })

  /** Kind, pooling, image size, patch, width, depth, heads, classes, batch, steps. */
  it
    .skipIf(!hasPython)
    .each([
      'finetune mean 24 4 32 2 4 10 5 20 labels',
      'finetune class 28 14 40 5 5 3 8 12',
      'probe mean 24 8 32 2 4 6 9 30',
      'probe class 16 4 64 1 8 12 20 40 labels',
    ])('agrees with PyTorch on another configuration: %s', async (configuration) => {
    const folder = temporaryFolder()
    runPython('recipe_reference.py', folder, ...configuration.split(' '))
    const checks = await verifyReference(folder, await createEngine('onnxruntime-cpu', { threads: 2 }))
    expect(checks.length).toBeGreaterThan(5)
    expect(checks.filter(({ difference, tolerance }) => !(difference <= tolerance))).toEqual([])
  })

  it.each([
    [3, 0],
    [3, 5],
    [7, 2],
    [25, 5],
  ])('agrees after %i steps with a warm-up of %i', async (steps, warmup) => {
    const engine = await createEngine('onnxruntime-cpu', { threads: 2 })
    const folder = await retrained(references[0]!, engine, steps, warmup)
    const checks = await verifyReference(folder, engine)
    expect(checks.map(({ name }) => name)).toContain(`losses of ${steps} steps`)
    expect(checks.filter(({ difference, tolerance }) => !(difference <= tolerance))).toEqual([])
  })

  it.each(references)('has learning rates as our schedule gives them: %s', (folder) => {
    const { h, learningRates } = readReference(folder)
    const ours = learningRates.map((_, step) => learningRateAt({ ...h, ...referenceSchedule(h) }, step))
    for (const [step, rate] of learningRates.entries()) expect(ours[step]).toBeCloseTo(rate, 12)
  })

  it('is compared by `saim verify`, which fails where a folder is not reference data', async () => {
    const home = temporaryFolder()
    expect((await saim(['verify', references[0]!], home)).code).toBe(0)
    const { code, output } = await saim(['verify', home], home)
    expect(code).toBe(3)
    expect(output).toContain('manifest.json')
  })
})
