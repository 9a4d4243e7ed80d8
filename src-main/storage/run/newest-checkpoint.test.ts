import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type CheckpointState,
  checkpointSteps,
  damagedCheckpoints,
  listCheckpoints,
  loadNewestCheckpoint,
  pruneCheckpoints,
  saveCheckpoint,
} from './checkpoint'
import { runPaths } from './run-folder'

/** What the system answers to opening a file of that name, as a disk does that goes away. */
let broken: { name: string; code: string } | null = null
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const open: typeof real.open = (file, ...rest) =>
    broken && String(file).endsWith(broken.name)
      ? Promise.reject(
          Object.assign(new Error(`${broken.code}: as if, open '${String(file)}'`), { code: broken.code }),
        )
      : real.open(file, ...rest)
  return { ...real, open }
})

const stateOf = (step: number): CheckpointState => ({
  step,
  ...{ epoch: 1, batch: step, batchesPerEpoch: 2, number: step / 10, loss: 1, seconds: 1, best: null },
  interval: { sum: 0, steps: 0, validation: null },
  savedAt: '2026-01-01T00:00:00.000Z',
})
const tensors = { a: { shape: [2], values: new Float32Array([1, 2]) } }
const save = (folder: string, step: number, state: object = {}, format?: number) =>
  saveCheckpoint(
    folder,
    { weights: tensors, optimizer: tensors, state: { ...stateOf(step), ...state } },
    format,
  )

describe('the newest checkpoint', () => {
  let folder: string
  const damaged: number[] = []
  const newest = () => loadNewestCheckpoint(folder, (step) => damaged.push(step))
  const fileOf = (step: number, name: string) => path.join(runPaths(folder).checkpoint(step), name)
  const names = () => readdirSync(runPaths(folder).checkpoints).sort()

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'saim-newest-'))
    cpSync('test/fixtures/run-0.1/run.json', runPaths(folder).run)
    for (const step of [10, 20, 30]) await save(folder, step)
    damaged.length = 0
  })
  afterEach(() => {
    broken = null
    rmSync(folder, { recursive: true })
  })

  it.each(['EIO', 'EACCES', 'EMFILE', 'ESTALE', 'ENOMEM'])(
    'that the system cannot read now (%s) is told and left as it is, and none before it is taken',
    async (code) => {
      for (const name of ['weights.safetensors', 'state.json', 'SHA256SUMS']) {
        broken = { name: `00000030/${name}`, code }
        await expect(newest()).rejects.toMatchObject({
          code: 'file-unusable',
          message: expect.stringMatching(code === 'EMFILE' ? /No more files/ : /step 30 cannot be read now/),
        })
      }
      expect(names()).toEqual(['00000010', '00000020', '00000030'])
      expect(damaged).toEqual([])
      broken = null
      expect((await newest())!.state.step).toBe(30)
    },
  )

  it('in a folder that cannot be read is not taken for none', async () => {
    rmSync(runPaths(folder).checkpoints, { recursive: true })
    symlinkSync('.', runPaths(folder).checkpoints)
    await expect(newest()).rejects.toMatchObject({ code: 'not-allowed' })
    await expect(listCheckpoints(folder)).rejects.toMatchObject({ code: 'not-allowed' })
  })

  it('that is not what was written, or of another form, is set aside', async () => {
    writeFileSync(fileOf(30, 'weights.safetensors'), 'x')
    await save(folder, 20, { batch: 'many' })
    expect((await newest())!.state.step).toBe(10)
    expect(damaged).toEqual([30, 20])
    expect(names()).toEqual(['00000010', '00000020.damaged', '00000030.damaged'])
  })

  it('that was set aside stays, whatever is set aside or removed later', async () => {
    writeFileSync(fileOf(30, 'weights.safetensors'), 'first')
    await newest()
    await save(folder, 30)
    writeFileSync(fileOf(30, 'weights.safetensors'), 'second')
    await newest()
    await pruneCheckpoints(folder, { keepEvery: 0, keepBest: 0 })
    expect(await checkpointSteps(folder)).toEqual([20])
    expect(await damagedCheckpoints(folder)).toEqual(['00000030-2.damaged', '00000030.damaged'])
    const weights = (name: string) => path.join(runPaths(folder).checkpoints, name, 'weights.safetensors')
    expect(readFileSync(weights('00000030.damaged'), 'utf8')).toBe('first')
  })

  it('of a newer version is left alone', async () => {
    await save(folder, 30, {}, 3)
    await expect(newest()).rejects.toMatchObject({ code: 'format-newer' })
    expect(names()).toEqual(['00000010', '00000020', '00000030'])
  })

  it('is no link to one of another run', async () => {
    const other = mkdtempSync(path.join(tmpdir(), 'saim-other-'))
    cpSync(runPaths(folder).checkpoint(30), path.join(other, 'kept'), { recursive: true })
    symlinkSync(path.join(other, 'kept'), runPaths(folder).checkpoint(40))
    expect(await checkpointSteps(folder)).toEqual([10, 20, 30])
    await pruneCheckpoints(folder, { keepEvery: 0, keepBest: 0 })
    expect(existsSync(path.join(other, 'kept', 'state.json'))).toBe(true)
    rmSync(other, { recursive: true })
  })
})
