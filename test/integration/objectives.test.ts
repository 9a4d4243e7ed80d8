import { readdirSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readScore } from '#storage/evaluation-folder'
import { fitWeights } from '#jobs/transfer/import/fit'
import { readWeights } from '#formats/weights-file'
import { loadCheckpoint } from '#storage/run/checkpoint'
import { readMetrics } from '#storage/run/metrics'
import { readRun } from '#storage/run/run-folder'
import { flags, makeImages, saim, smallModel, temporaryFolder } from '#test/helpers/runs'

const home = temporaryFolder()
const images = temporaryFolder()
const photo = path.join(images, 'odd', 'image 001.jpg')
const runs = path.join(home, 'runs')
const runOf = (name: string) =>
  path.join(
    runs,
    readdirSync(runs).find((id) => id.startsWith(name))!,
  )

const mae = { ...smallModel, objective: 'mae', 'decoder-width': 32, 'decoder-depth': 1, name: 'masked' }

beforeAll(async () => {
  await makeImages(images, 40)
  await saim(['train', images, ...flags({ ...mae, epochs: 6, 'base-learning-rate': 0.1 })], home)
  await saim(['train', images, ...flags({ ...smallModel, objective: 'igpt', name: 'row-by-row' })], home)
})

describe('a run of MAE', () => {
  it('learns, and settles what MAE leaves no choice of', async () => {
    const run = runOf('masked')
    const { status, hyperparameters } = await readRun(run)
    expect(status).toBe('finished')
    expect(hyperparameters).toMatchObject({ objective: 'mae', queryDepth: 0, blurSize: 0, maskRatio: 0.75 })
    const losses = (await readMetrics(run)).map(({ loss }) => loss)
    expect(losses.at(-1)!).toBeLessThan(0.9 * losses[0]!)
  })

  it.each(['knn', 'probe', 'finetune'])('is asked by %s like any other', async (kind) => {
    const short = kind === 'knn' ? [] : flags({ epochs: 2, 'warmup-epochs': 1 })
    const { code, output } = await saim([kind, runOf('masked'), ...short], home)
    expect(output).toMatch(/validation images: top-1 \d/)
    expect(code).toBe(0)
    const evaluations = path.join(runOf('masked'), 'evaluations')
    const folder = readdirSync(evaluations).find((name) => name.startsWith(kind))!
    expect((await readScore(path.join(evaluations, folder)))!.images).toBeGreaterThan(0)
  })

  it('is looked into where that makes sense, and says so where not', async () => {
    const out = ['--out', temporaryFolder()]
    const asked = (...parameters: string[]) => saim([...parameters, ...out], home)
    const reconstructed = await asked('reconstruct', runOf('masked'), photo)
    expect(reconstructed.output).toMatch(/loss \d/)
    expect((await asked('attention', runOf('masked'), photo)).code).toBe(0)
    const streams = await asked('attention', runOf('masked'), photo, '--view', 'query', '--patch', '0,0')
    expect(streams).toMatchObject({ code: 2, output: expect.stringContaining('no content and query stream') })
    const film = await asked('reconstruct', runOf('masked'), photo, '--animate', 'gif')
    expect(film).toMatchObject({
      code: 2,
      output: expect.stringContaining('MAE does not predict patches one after another'),
    })
  })

  it('is exported with its decoder and comes back the same', async () => {
    const out = temporaryFolder()
    const { code } = await saim(['export', runOf('masked'), '--format', 'safetensors', '--out', out], home)
    expect(code).toBe(0)
    const file = path.join(out, readdirSync(out)[0]!, 'model.safetensors')
    const { h, weights, report } = fitWeights(await readWeights(file), {})
    const run = await readRun(runOf('masked'))
    expect(h).toEqual(run.hyperparameters)
    expect(weights).toEqual((await loadCheckpoint(runOf('masked'), run.step)).weights)
    expect(report).toMatchObject({ missing: [], unexpected: [] })
  })
})

describe('a run of ViT-iGPT', () => {
  it('is SAIM in raster order without query stream and blur', async () => {
    const { status, hyperparameters } = await readRun(runOf('row-by-row'))
    expect(status).toBe('finished')
    expect(hyperparameters).toMatchObject({
      order: 'raster',
      queryDepth: 0,
      blurSize: 0,
      shareWeights: false,
    })
    const plain = { order: 'raster', 'query-depth': 0, 'blur-size': 0 }
    await saim(['train', images, ...flags({ ...smallModel, ...plain, name: 'plain' })], home)
    const lossesOf = async (run: string) => (await readMetrics(run)).map(({ loss }) => loss)
    expect(await lossesOf(runOf('plain'))).toEqual(await lossesOf(runOf('row-by-row')))
  })
})

it.each([
  ['hidden patches that leave none to be seen', { 'mask-ratio': 0.95 }, '--mask-ratio'],
  ['a decoder width that its heads do not divide', { 'decoder-width': 48 }, '--decoder-width'],
])('refuses %s', async (_name, changes, message) => {
  const { code, output } = await saim(['train', images, ...flags({ ...mae, ...changes })], home)
  expect(code).toBe(2)
  expect(output).toContain(message)
})
