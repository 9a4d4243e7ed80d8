import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { sampleImagesFolder } from '#platform/paths'
import { readMetrics } from '#storage/run/metrics'
import { readRun, updateRun } from '#storage/run/run-folder'
import { enginesHere } from '#test/helpers/engines'
import { saim, temporaryFolder } from '#test/helpers/runs'
import { newRun, trainRun } from '#test/helpers/training'

const images = path.join(sampleImagesFolder(), 'vehicles')

describe('a run that began on the CPU', () => {
  it.each(enginesHere().filter((id) => id !== 'onnxruntime-cpu'))(
    'goes on with %s as it would have, and keeps which engine trained what',
    async (engine) => {
      const settings = { batchSize: 12, epochs: 1, warmupEpochs: 0 }
      const [whole, moved] = [
        await newRun(temporaryFolder(), images, settings),
        await newRun(temporaryFolder(), images, settings),
      ]
      await trainRun(whole)
      const { totalSteps } = await readRun(whole)
      await trainRun(moved, Math.floor(totalSteps / 2) - 1)
      const { step } = await readRun(moved)
      await updateRun(moved, { engine })
      await trainRun(moved)
      const expected = (await readMetrics(whole)).map(({ loss }) => loss)
      const actual = (await readMetrics(moved)).map(({ loss }) => loss)
      expect(actual).toHaveLength(totalSteps)
      actual.forEach((loss, i) => expect(Math.abs(loss - expected[i]!)).toBeLessThan(1e-3))
      expect((await readRun(moved)).engines).toMatchObject([
        { id: 'onnxruntime-cpu', fromStep: 0 },
        { id: engine, fromStep: step },
      ])
    },
  )

  it('cannot be given an engine that there is not', async () => {
    const home = temporaryFolder()
    const { code, output } = await saim(['train', images, '--engine', 'abacus'], home)
    expect(code).toBe(5)
    expect(output).toContain('onnxruntime-webgpu')
  })
})
