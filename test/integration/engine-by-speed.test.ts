import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { enginesHere } from '#test/helpers/engines'
import { flags, makeImages, saim, smallModel, temporaryFolder } from '#test/helpers/runs'
import { findRun } from '#storage/run/find'
import { readRun } from '#storage/run/run-folder'
import type { PrecisionProof } from '#shared/contract'
import { fastestPrecision } from '#shared/fastest-precision'

/** What the command line does where nobody names an engine: real tests of real engines. */
describe.runIf(enginesHere().includes('tensorflow'))('saim train without --engine', () => {
  const home = temporaryFolder()
  const images = path.join(home, 'images')
  const train = async (name: string, ...more: string[]) => {
    const parameters = ['train', images, '--name', name, ...flags(smallModel), ...more]
    const { code, output } = await saim(parameters, home)
    expect(code, output).toBe(0)
    return { output, run: await readRun(await findRun(name, path.join(home, 'runs'))) }
  }
  beforeAll(async () => {
    mkdirSync(images)
    await makeImages(images, 16)
    vi.stubEnv('SAIM_ENGINE', '')
    return () => vi.unstubAllEnvs()
  })

  it('tests what is here, trains by the fastest that works, and says which and why', async () => {
    const { output, run } = await train('first')
    expect(output).toContain('Testing ONNX Runtime, CPU ...')
    expect(output).toContain('Testing TensorFlow ...')
    const { results } = JSON.parse(readFileSync(path.join(home, 'engines.json'), 'utf8'))
    const takenBy = (id: string) => fastestPrecision(results[id].proof).precision
    const speedOf = (id: string): number =>
      results[id].proof.precisions.find(({ precision }: PrecisionProof) => precision === takenBy(id))
        .imagesPerSecond
    const [fastest, next] = ['onnxruntime-cpu', 'tensorflow'].sort((a, b) => speedOf(b) - speedOf(a))
    expect([run.engine, run.hyperparameters.precision]).toEqual([fastest, takenBy(fastest!)])
    expect(run.pendingChanges).toEqual([])
    for (const { beside } of [fastest!, next!].flatMap((id) => results[id].proof.presets)) {
      expect(beside.lookSeconds).toBeGreaterThan(0)
      expect(beside.saveSeconds).toBeGreaterThan(0)
    }
    const titles: Record<string, string> = {
      'onnxruntime-cpu': 'ONNX Runtime, CPU',
      tensorflow: 'TensorFlow',
    }
    const gain = speedOf(fastest!) / speedOf(next!)
    const compared = gain < 1.05 ? 'As fast as' : `${gain.toFixed(1)} times as fast as`
    expect(output).toContain(`${titles[fastest!]}: ${compared} ${titles[next!]} here.`)
  })

  it('tests nothing again', async () => {
    const { output } = await train('second')
    expect(output).not.toContain('Testing')
    expect(output).toContain(' here.')
  })

  it('trains by another one where a person names it', async () => {
    const { output, run } = await train('third', '--engine', 'onnxruntime-cpu')
    expect([run.engine, output.includes(' here.')]).toEqual(['onnxruntime-cpu', false])
  })
})
