import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { readMetrics } from '#storage/run/metrics'
import { readRun, runPaths } from '#storage/run/run-folder'
import { flags, makeImages, temporaryFolder } from '#test/helpers/runs'

/** Much memory for little work: large images of few patches. A batch is computed in parts, but lies in memory whole, some times. */
const greedy = {
  'image-size': 512,
  'patch-size': 64,
  width: 32,
  heads: 2,
  depth: 1,
  'query-depth': 1,
  'batch-size': 32,
  epochs: 1,
  'health-every': 1,
  'warmup-epochs': 0,
  threads: 1,
  decoders: 1,
}
/** Kilobytes of data that each process may have: enough for a few images at once, not for 32. */
const limit = 1_300_000
const canLimit = process.platform === 'linux'

it.runIf(canLimit)(
  'goes on with the largest batch that fits in memory, and the same effective batch',
  async () => {
    const [images, home] = [temporaryFolder(), temporaryFolder()]
    await makeImages(images, 32)
    const command = ['node', 'out/main/cli.js', 'train', images, ...flags(greedy), '--adapt-batch']
    await new Promise<void>((resolve) =>
      execFile(
        'bash',
        ['-c', `ulimit -d ${limit}; exec "$@"`, 'bash', ...command],
        { env: { ...process.env, SAIM_HOME: home } },
        () => resolve(),
      ),
    )
    const folder = path.join(home, 'runs', readdirSync(path.join(home, 'runs'))[0]!)
    const { status, hyperparameters } = await readRun(folder)
    expect(status).toBe('finished')
    expect(hyperparameters.batchSize).toBeLessThan(32)
    expect(hyperparameters.batchSize * hyperparameters.accumulation).toBe(32)
    const log = readFileSync(runPaths(folder).log, 'utf8')
    expect(log).toContain('A batch of 32 does not fit in memory.')
    expect(log).toMatch(new RegExp(`Changed batchSize from \\d+ to ${hyperparameters.batchSize}\\.`))
    expect(await readMetrics(folder)).toHaveLength(1)
  },
)
