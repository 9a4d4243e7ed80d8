import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { readMetrics } from '../../src-main/training/metrics'
import { readRun } from '../../src-main/training/run-folder'
import { flags, makeImages, temporaryFolder } from '../helpers/runs'

/** Much memory for little work: many heads look at many tokens, in an engine that takes the whole batch at once. */
const greedy = {
  engine: 'tensorflow',
  'image-size': 32,
  'patch-size': 2,
  width: 64,
  heads: 32,
  depth: 2,
  'query-depth': 2,
  'batch-size': 64,
  epochs: 1,
  'warmup-epochs': 0,
  threads: 1,
  decoders: 1,
}
const canLimit = process.platform === 'linux' && process.env['FAULTS'] !== undefined
if (!canLimit)
  console.log('Skipped: running out of memory is tried on Linux with FAULTS set; it takes minutes.')

it.runIf(canLimit)(
  'goes on with the largest batch that fits in memory, and the same effective batch',
  { timeout: 1_800_000 },
  async () => {
    const [images, home] = [temporaryFolder(), temporaryFolder()]
    await makeImages(images, 64)
    const command = ['node', 'out/main/cli.js', 'train', images, ...flags(greedy), '--adapt-batch']
    await new Promise<void>((resolve) =>
      execFile(
        'bash',
        ['-c', 'ulimit -v 5000000; exec "$@"', 'bash', ...command],
        { env: { ...process.env, SAIM_HOME: home } },
        () => resolve(),
      ),
    )
    const folder = path.join(home, 'runs', readdirSync(path.join(home, 'runs'))[0]!)
    const { status, hyperparameters, seams } = await readRun(folder)
    expect(status).toBe('finished')
    expect(hyperparameters.batchSize).toBeLessThan(64)
    expect(hyperparameters.batchSize * hyperparameters.accumulation).toBe(64)
    expect(seams.at(-1)!.changes.map(({ setting }) => setting)).toEqual(['batchSize', 'accumulation'])
    expect(await readMetrics(folder)).toHaveLength(1)
  },
)
