import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { sampleImagesFolder } from '#platform/paths'
import { readMetrics } from '#storage/run/metrics'
import { updateRun } from '#storage/run/run-folder'
import { enginesHere } from '#test/helpers/engines'
import { saim, temporaryFolder } from '#test/helpers/runs'
import { newRun, trainRun } from '#test/helpers/training'

const images = path.join(sampleImagesFolder(), 'vehicles')

describe('bfloat16', () => {
  it.runIf(enginesHere().includes('tensorflow'))('trains almost as float32 does', async () => {
    const losses = async (precision: 'float32' | 'bfloat16') => {
      const run = await newRun(temporaryFolder(), images, {
        batchSize: 12,
        epochs: 3,
        warmupEpochs: 1,
        precision,
      })
      await updateRun(run, { engine: 'tensorflow' })
      await trainRun(run)
      return (await readMetrics(run)).map(({ loss }) => loss)
    }
    const [exact, rounded] = [await losses('float32'), await losses('bfloat16')]
    const differences = exact.map((loss, step) => Math.abs(loss - rounded[step]!))
    console.log(`Losses in bfloat16 differ by ${Math.max(...differences).toExponential(1)} at most.`)
    expect(Math.max(...differences)).toBeLessThan(0.01)
    expect(Math.max(...differences)).toBeGreaterThan(0)
    expect(rounded.at(-1)).toBeLessThan(rounded[0]!)
  })

  it('is refused by an engine that has 32 bits only, before there is a run', async () => {
    const home = temporaryFolder()
    const { code, output } = await saim(['train', images, '--precision', 'bfloat16'], home)
    expect(code).toBe(1)
    expect(output).toContain('computes in 32 bits only')
    expect((await saim(['runs'], home)).output).not.toContain('vehicles')
  })
})
