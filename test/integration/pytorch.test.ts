import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { sampleImagesFolder } from '#platform/paths'
import { startTraining } from '#jobs/train/supervise'
import { forkNode } from '#platform/processes'
import { loadCheckpoint } from '#storage/run/checkpoint'
import { readMetrics } from '#storage/run/metrics'
import { readRun, updateRun } from '#storage/run/run-folder'
import { openEngines } from '#cli/support/engines'
import { hasPython, python, requirePythonInCi } from '#test/helpers/python'
import { references } from '#test/helpers/reference-data'
import { saim, temporaryFolder } from '#test/helpers/runs'
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

/** Trains a run by an engine or by two workers of torchrun; answers its numbers and what it learned. */
async function trained(changes: Partial<Hyperparameters>, by: 'onnxruntime-cpu' | 'pytorch' | 'two workers') {
  const run = await newRun(temporaryFolder(), images, { ...settings, ...changes })
  if (by === 'two workers')
    await updateRun(run, { cluster: { launcher: 'torchrun', workers: 2, address: null } })
  else await updateRun(run, { engine: by })
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

describe.runIf(hasPython)('a run that PyTorch trains', { timeout: 600_000 }, () => {
  const mae = { objective: 'mae', decoderWidth: 32, decoderDepth: 1 } as const

  it.each([
    ['MAE', mae],
    ['MAE with registers', { ...mae, registers: 2 }],
    ['SAIM with registers', { registers: 3 }],
  ])('of %s is that of our own model, by one worker and by two', async (name, changes) => {
    const own = await trained(changes, 'onnxruntime-cpu')
    expect(own.metrics.at(-1)!.loss).toBeLessThan(0.98 * own.metrics[0]!.loss)
    for (const by of ['pytorch', 'two workers'] as const) {
      const found = differences(own, await trained(changes, by))
      console.log(`${name} by ${by}: ${JSON.stringify(found)}`)
      expect(found.loss).toBeLessThan(1e-4)
      expect(found.validation).toBeLessThan(1e-4)
      expect(found.weight).toBeLessThan(1e-3)
    }
  })

  it('compiled is that which is not, by the names and numbers of its weights', async () => {
    const found = differences(await trained({}, 'pytorch'), await trained({ compile: true }, 'pytorch'))
    console.log(`compiled: ${JSON.stringify(found)}`)
    expect(found.loss).toBeGreaterThan(0) // other kernels round otherwise
    expect(found.loss).toBeLessThan(1e-4)
    expect(found.weight).toBeLessThan(1e-3)
  })

  it('in 16 bits is almost that of 32', async () => {
    const exact = await trained({}, 'pytorch')
    for (const [precision, limit] of [
      ['bfloat16', 0.01],
      ['float16', 0.001],
    ] as const) {
      const found = differences(exact, await trained({ precision }, 'pytorch'))
      console.log(`${precision}: ${JSON.stringify(found)}`)
      expect(found.loss).toBeGreaterThan(1e-6)
      expect(found.loss).toBeLessThan(limit)
      expect(found.weight).toBeLessThan(2 * limit)
    }
  })
})

it.runIf(hasPython && process.platform === 'linux')(
  'whose batch does not fit in memory goes on with the largest that PyTorch has room for',
  { timeout: 600_000 },
  async () => {
    // A Python that gets no more than its modules take, and a little.
    const folder = temporaryFolder()
    const confined = path.join(folder, 'python')
    writeFileSync(confined, `#!/bin/sh\nulimit -v 4200000\nexec ${python} "$@"\n`)
    chmodSync(confined, 0o755)
    process.env['SAIM_PYTHON'] = confined
    const run = await newRun(folder, images, {
      ...settings,
      ...{
        imageSize: 96,
        patchSize: 4,
        width: 256,
        heads: 2,
        batchSize: 16,
        epochs: 1,
        warmupEpochs: 0,
        adaptBatch: true,
      },
    })
    await updateRun(run, { engine: 'pytorch' })
    const { status, error } = await startTraining(forkNode, run).ended
    process.env['SAIM_PYTHON'] = python
    const log = readFileSync(path.join(run, 'log.txt'), 'utf8')
    expect([status, error], log).toEqual(['finished', null])
    expect(log).toContain('A batch of 16 does not fit in memory. Looking for one that does ...')
    const { batchSize, accumulation } = (await readRun(run)).hyperparameters
    expect(batchSize).toBeLessThan(16)
    expect(batchSize * accumulation).toBe(16)
  },
)

describe.runIf(hasPython)('a run', { timeout: 600_000 }, () => {
  it('goes from engine to engine and is the run that none of them left', async () => {
    const whole = await trained({}, 'onnxruntime-cpu')
    const moved = await newRun(temporaryFolder(), images, settings)
    const engines = ['onnxruntime-cpu', 'pytorch', 'onnxruntime-cpu']
    for (const [i, engine] of engines.entries()) {
      await updateRun(moved, { engine })
      await trainRun(moved, i < 2 ? 3 * (i + 1) : Infinity)
    }
    const { step, status, engines: noted } = await readRun(moved)
    expect([status, noted.map(({ id }) => id)]).toEqual(['finished', engines])
    const found = differences(whole, {
      metrics: await readMetrics(moved),
      ...(await loadCheckpoint(moved, step)),
    })
    console.log(`from engine to engine: ${JSON.stringify(found)}`)
    expect(found.loss).toBeLessThan(1e-4)
    expect(found.weight).toBeLessThan(1e-3)
  })
})

describe.runIf(hasPython)('the engine PyTorch', { timeout: 600_000 }, () => {
  it('proves itself, holds the reference data, and leaves evaluations to another', async () => {
    const home = temporaryFolder()
    process.env['SAIM_HOME'] = home
    const engines = openEngines()
    const found = (await engines.calls['engines.survey']({ id: 'pytorch' })).find(
      ({ id }) => id === 'pytorch',
    )!
    expect(found).toMatchObject({ status: 'usable', problem: null, proof: { software: false } })
    expect(found.proof!.imagesPerSecond).toBeGreaterThan(0)
    expect(await engines.choose('pytorch', 'float32')).toMatchObject({ engine: 'pytorch', notice: null })
    expect(await engines.resolve('pytorch')).toBe('onnxruntime-cpu')
    const { code, output } = await saim(['verify', references[0]!, '--engine', 'pytorch'], home)
    expect(output).toMatch(/on pytorch: \d+ hold, 0 do not/)
    expect(code).toBe(0)
  })
})
