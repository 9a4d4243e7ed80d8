import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Program } from '#engine/engine'
import { OnnxEngine } from '#engine/onnx/session'
import { countOperators } from '#jobs/prove/prove'
import { verifyReference } from '#jobs/prove/verify'
import { compileUpdate, startingState } from '#jobs/train/update'
import { initialWeights } from '#model/objectives/index'
import { imageNetStatistics } from '#shared/image-net'
import { fromPreset } from '#shared/settings/hyperparameters'
import { enginesHere } from '#test/helpers/engines'
import { references } from '#test/helpers/reference-data'
import { temporaryFolder } from '#test/helpers/runs'
import { small } from '#test/helpers/training'

/** WebGPU on the driver in software, with the graphs that hardware gets; and what it left to the CPU so far. */
function asOnHardware() {
  const profile = mkdtempSync(path.join(temporaryFolder(), 'profile-'))
  const engine = new OnnxEngine('onnxruntime-webgpu', 'webgpu', { threads: 1, profile })
  Object.assign(engine.device, { software: false })
  const programs: Program[] = []
  const compile = engine.compile.bind(engine)
  engine.compile = async (...given) => {
    programs.push(await compile(...given))
    return programs.at(-1)!
  }
  const leftToCpu = () =>
    readdirSync(profile).map((file) => {
      const operators = countOperators(JSON.parse(readFileSync(path.join(profile, file), 'utf8')))!
      expect(operators.total).toBeGreaterThan(10)
      return operators.names
    })
  return { engine, programs, leftToCpu }
}

describe.runIf(enginesHere().includes('onnxruntime-webgpu'))('WebGPU as hardware gets it', () => {
  it('agrees with reference data, and leaves no operator of any step to the CPU', async () => {
    const { engine, leftToCpu } = asOnHardware()
    const checks = await verifyReference(references[0]!, engine)
    expect(checks.filter(({ difference, tolerance }) => !(difference <= tolerance))).toEqual([])
    expect(leftToCpu()).toEqual([[], [], []]) // forward pass, gradients, training
  }, 600_000)

  it.each([
    ['SAIM', {}],
    ['MAE', { objective: 'mae', decoderWidth: 32, decoderDepth: 1 }],
    ['learned positions', { positions: 'learned' }],
  ] as const)(
    'trains %s by gradients that add up without the CPU',
    async (_name, changes) => {
      const h = fromPreset('nano', { ...small, ...changes, batchSize: 2, accumulation: 2 })
      const { engine, programs, leftToCpu } = asOnHardware()
      const state = startingState(h, engine, initialWeights(h, 0))
      const update = await compileUpdate(h, imageNetStatistics, engine, state)
      const batch = { images: new Uint8Array(2 * 16 * 16 * 3).fill(100), indices: [0, 1], epoch: 0 }
      const { loss } = await update.run([batch, batch], 1e-3, 1)
      expect(loss).toBeGreaterThan(0)
      await update.close()
      for (const program of programs) await program.dispose() // each writes its profile
      expect(leftToCpu()).toEqual([[], []])
    },
    300_000,
  )
})
