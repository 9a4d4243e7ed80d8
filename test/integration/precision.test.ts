import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { sampleImagesFolder } from '#platform/paths'
import { readMetrics } from '#storage/run/metrics'
import { updateRun } from '#storage/run/run-folder'
import type { Engine } from '#engine/engine'
import { OnnxEngine } from '#engine/onnx/session'
import { TensorflowEngine } from '#engine/tensorflow/engine'
import { limits } from '#jobs/prove/limits'
import type { Check } from '#jobs/prove/checks'
import { verifyReference } from '#jobs/prove/verify'
import { tensorflowAddon } from '#platform/paths'
import { type Precision, precisions } from '#shared/settings/precision'
import { references } from '#test/helpers/reference-data'
import { enginesHere } from '#test/helpers/engines'
import { saim, temporaryFolder } from '#test/helpers/runs'
import { newRun, trainRun } from '#test/helpers/training'

const images = path.join(sampleImagesFolder(), 'vehicles')

/** What rounds as a device would: operators on the CPU; by TensorFlow also its products in 16 bits. */
const rounding = (id: string, precision: Precision): Engine =>
  id === 'tensorflow'
    ? new TensorflowEngine(tensorflowAddon(), { threads: 2, gpu: false, coreEach: false, precision })
    : new OnnxEngine(id, 'cpu', { threads: 2, precision })

const exceeds = ({ difference, tolerance }: Check) => !(difference <= tolerance)

describe('reference data', () => {
  const where = enginesHere()
    .filter((id) => id !== 'onnxruntime-webgpu')
    .flatMap((engine) => precisions.slice(1).map((precision) => ({ engine, precision })))
  it.each(where)(
    'holds by $engine in $precision within the limits of that, and not within those of float32',
    async ({ engine, precision }) => {
      // Without CI one model in each precision: in float32 all agree by every engine.
      for (const folder of process.env['CI'] ? references : references.slice(0, 1)) {
        const opened = rounding(engine, precision)
        const checks = await verifyReference(folder, opened, {}, precision)
        expect(checks.filter(exceeds), folder).toEqual([])
        const gradients = checks.filter(({ name }) => name.startsWith('gradient '))
        const beyond = gradients.filter(({ difference }) => difference > limits.float32.gradient)
        expect(beyond.length, folder).toBeGreaterThan(gradients.length / 10)
      }
    },
    300_000,
  )
})

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
    expect(code).toBe(5)
    expect(output).toContain('computes in 32 bits only')
    expect((await saim(['runs'], home)).output).not.toContain('vehicles')
  })
})
