import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { sampleImagesFolder } from '#platform/paths'
import { readRun } from '#storage/run/run-folder'
import { referenceSettings } from '#jobs/prove/pretraining'
import { references } from '#test/helpers/reference-data'
import { temporaryFolder } from '#test/helpers/runs'
import { historyOf, newestWeights, newRun, trainRun } from '#test/helpers/training'

/**
 * Resume is exact: after a pause in the middle of an epoch, every number of every step and all weights and moments at the
 * end are, to the last bit, those of a run that nobody paused. On each reference configuration and on real images.
 */
const images = path.join(sampleImagesFolder(), 'vehicles')

const configurations = references.map((folder) => ({
  name: path.basename(folder),
  settings: { ...referenceSettings(folder), batchSize: 12, epochs: 2, warmupEpochs: 1 },
}))
const nano = { imageSize: 64, patchSize: 8, width: 192, depth: 4, heads: 3, queryDepth: 4 }
const ours = [
  { name: 'the model of the preset nano', settings: { ...nano, batchSize: 16, epochs: 1 } },
  {
    name: 'held-out images, accumulated gradients, L1 loss, raster order and a clipped norm',
    settings: {
      batchSize: 4,
      accumulation: 3,
      loss: 'L1',
      order: 'raster',
      clipGradient: 0.5,
      validationFraction: 0.2,
    },
  },
  {
    name: 'the objective MAE',
    settings: { objective: 'mae', decoderWidth: 32, decoderDepth: 1, maskRatio: 0.6 },
  },
] as const

describe('a resumed run', () => {
  it.each([...configurations, ...ours])('is the uninterrupted one, with $name', async ({ settings }) => {
    const changes = { ...settings, checkpointEvery: 1 }
    const [whole, paused] = [
      await newRun(temporaryFolder(), images, changes),
      await newRun(temporaryFolder(), images, changes),
    ]
    await trainRun(whole)
    const { totalSteps } = await readRun(whole)
    await trainRun(paused, Math.floor(totalSteps / 2) - 1)
    const { step } = await readRun(paused)
    expect(step).toBeGreaterThan(0)
    expect(step).toBeLessThan(totalSteps)
    await trainRun(paused)
    expect(await historyOf(paused)).toEqual(await historyOf(whole))
    expect(await newestWeights(paused)).toEqual(await newestWeights(whole))
    expect((await readRun(paused)).seams).toMatchObject([{ step, changes: [] }])
  })
})
