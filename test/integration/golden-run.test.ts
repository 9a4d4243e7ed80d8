import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadCheckpoint } from '#storage/run/checkpoint'
import { readMetrics } from '#storage/run/metrics'
import { readRun } from '#storage/run/run-folder'
import { makeImages, temporaryFolder } from '#test/helpers/runs'
import { newRun, trainRun } from '#test/helpers/training'

/**
 * What five steps with a fixed seed leave behind: every file, every setting, the numbers of every step and the weights. It
 * changes on purpose only (GOLDEN=write npm test -- test/integration/golden-run.test.ts), with the reason in the commit.
 */
const goldenFile = 'test/fixtures/golden-run.json'

type Golden = Awaited<ReturnType<typeof look>>
let now: Golden
let golden: Golden

beforeAll(async () => {
  const home = temporaryFolder()
  const images = path.join(home, 'images')
  await makeImages(images, 52)
  const folder = await newRun(home, images, {
    validationFraction: 0.2,
    epochs: 1,
    warmupEpochs: 0.4,
    healthEvery: 1,
    seed: 7,
  })
  await trainRun(folder)
  now = await look(folder)
  if (process.env['GOLDEN'] === 'write') writeFileSync(goldenFile, `${JSON.stringify(now, null, 1)}\n`)
  golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Golden
})

async function look(folder: string) {
  const run = await readRun(folder)
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort()
  const { weights, optimizer, state } = await loadCheckpoint(folder, run.step)
  return {
    files,
    run: Object.keys(JSON.parse(readFileSync(path.join(folder, 'run.json'), 'utf8')) as object).sort(),
    hyperparameters: run.hyperparameters,
    steps: (await readMetrics(folder)).map(
      ({ step, epoch, loss, learningRate, gradientNorm, validationLoss }) => ({
        ...{ step, epoch, loss, learningRate, gradientNorm },
        ...(validationLoss !== undefined && { validationLoss }),
      }),
    ),
    checkpoint: Object.keys(state).sort(),
    tensors: Object.entries({ ...weights, ...optimizer }).map(([name, { shape, values }]) => ({
      ...{ name, shape },
      norm: Math.sqrt([...values].reduce((sum, x) => sum + x * x, 0)),
    })),
  }
}

describe('A run of five steps', () => {
  it('leaves the same files, settings and names', () => {
    const names = ({ files, run, hyperparameters, checkpoint, tensors }: Golden) => ({
      ...{ files, run, hyperparameters, checkpoint },
      tensors: tensors.map(({ name, shape }) => ({ name, shape })),
    })
    expect(now.steps).toHaveLength(5)
    expect(names(now)).toEqual(names(golden))
  })

  it('has the same numbers in each step', () => {
    now.steps.forEach((step, i) => {
      for (const [name, value] of Object.entries(step))
        expectClose(value, (golden.steps[i] as Record<string, number>)[name]!, `${name} of step ${i}`)
    })
  })

  it('ends at the same weights and moments', () => {
    now.tensors.forEach(({ name, norm }, i) => {
      // What the bias of keys gets is rounding alone.
      if (!/attn\.k\.bias$/.test(name)) expectClose(norm, golden.tensors[i]!.norm, name)
    })
  })
})

/** Processors round differently. */
const expectClose = (value: number, expected: number, what: string) =>
  expect(Math.abs(value - expected), what).toBeLessThanOrEqual(1e-4 * Math.abs(expected) + 1e-7)
