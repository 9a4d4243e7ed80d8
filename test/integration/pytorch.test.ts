import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { sampleImagesFolder } from '#platform/paths'
import { loadCheckpoint } from '#storage/run/checkpoint'
import { readMetrics } from '#storage/run/metrics'
import { readRun, updateRun } from '#storage/run/run-folder'
import { hasPython, python, requirePythonInCi } from '#test/helpers/python'
import { temporaryFolder } from '#test/helpers/runs'
import { newRun, trainRun } from '#test/helpers/training'

requirePythonInCi()
beforeAll(() => void (process.env['SAIM_PYTHON'] = python))
afterAll(() => void delete process.env['SAIM_PYTHON'])

const images = path.join(sampleImagesFolder(), 'vehicles')

/** 15 images shared by two workers, at a size where neither decoder reduces them. */
const settings = {
  ...{ imageSize: 48, patchSize: 12, validationFraction: 0.2 },
  ...{ batchSize: 15, epochs: 3, warmupEpochs: 1, checkpointEvery: 3, baseLearningRate: 2e-2 },
}

/** Trains a run by this machine's own engine, or by so many workers; answers its numbers and what it learned. */
async function trained(changes: Partial<Hyperparameters>, workers = 0) {
  const run = await newRun(temporaryFolder(), images, { ...settings, ...changes })
  if (workers) await updateRun(run, { cluster: { launcher: 'torchrun', workers, address: null } })
  await trainRun(run)
  const { status, step, error } = await readRun(run)
  if (status !== 'finished') throw new Error(`${error?.message} ${error?.advice}`)
  return { metrics: await readMetrics(run), ...(await loadCheckpoint(run, step)) }
}
type Trained = Awaited<ReturnType<typeof trained>>

/** The largest differences of two runs: of the loss of any step, of the validation loss, of any weight. */
function differences(one: Trained, other: Trained) {
  const most = (of: (run: Trained) => number[]) => {
    const [a, b] = [of(one), of(other)]
    expect(a.length).toBe(b.length)
    return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))
  }
  const names = Object.keys(one.weights).filter((name) => !name.endsWith('attn.k.bias')) // rounding alone
  expect(Object.keys(other.weights).sort()).toEqual(Object.keys(one.weights).sort())
  return {
    loss: most(({ metrics }) => metrics.map(({ loss }) => loss)),
    validation: most(({ metrics }) => metrics.flatMap(({ validationLoss }) => validationLoss ?? [])),
    weight: Math.max(...names.map((name) => most(({ weights }) => [...weights[name]!.values]))),
  }
}

describe.runIf(hasPython)('a run that PyTorch trains', { timeout: 300_000 }, () => {
  const mae = { objective: 'mae', decoderWidth: 32, decoderDepth: 1 } as const

  it('of MAE is that of our own model, by one worker and by two', async () => {
    const own = await trained(mae)
    expect(own.metrics.at(-1)!.loss).toBeLessThan(0.98 * own.metrics[0]!.loss)
    for (const workers of [1, 2]) {
      const found = differences(own, await trained(mae, workers))
      console.log(`MAE by ${workers}: ${JSON.stringify(found)}`)
      expect(found.loss).toBeLessThan(1e-4)
      expect(found.validation).toBeLessThan(1e-4)
      expect(found.weight).toBeLessThan(1e-3)
    }
  })

  it('in bfloat16 is almost that of float32', async () => {
    const found = differences(await trained({}, 1), await trained({ precision: 'bfloat16' }, 1))
    console.log(`bfloat16: ${JSON.stringify(found)}`)
    expect(found.loss).toBeGreaterThan(1e-6)
    expect(found.loss).toBeLessThan(0.01)
    expect(found.weight).toBeLessThan(0.02)
  })
})
