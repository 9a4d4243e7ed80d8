import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { enginesHere } from '#test/helpers/engines'
import { fromPreset } from '#shared/settings/hyperparameters'
import { estimateRun } from './estimate'

const memoryBy = async (engine: string) => {
  const h = fromPreset('nano', { batchSize: 2048 })
  const { memoryBytes } = await estimateRun(h, 50_000, [], { runsFolder: tmpdir(), engine, threads: 2 })
  return memoryBytes / 1e9
}

describe('the memory of a large batch is estimated', () => {
  it.each(enginesHere().filter((engine) => engine !== 'onnxruntime-webgpu'))(
    'as that of its parts, where %s computes parts',
    async (engine) => expect(await memoryBy(engine)).toBeLessThan(1.5),
  )

  it('as a whole for a GPU', async () => expect(await memoryBy('onnxruntime-webgpu')).toBeGreaterThan(15))
})
