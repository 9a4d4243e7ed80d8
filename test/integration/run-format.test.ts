import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeSafetensors } from '#formats/safetensors'
import { lineOf } from '#storage/json-lines'
import {
  listCheckpoints,
  loadCheckpoint,
  loadNewestCheckpoint,
  saveCheckpoint,
} from '#storage/run/checkpoint'
import { runFormat } from '#storage/run/format'
import { readMetrics } from '#storage/run/metrics'
import { createRun, readRun, runPaths, updateRun } from '#storage/run/run-folder'
import { writeRecord } from '#storage/record'
import { metric } from '#shared/contract'
import { fromPreset } from '#shared/settings/hyperparameters'
import { hasPython, runPython } from '#test/helpers/python'
import { makeImages, saim, temporaryFolder } from '#test/helpers/runs'
import { trainRun } from '#test/helpers/training'

/** Of format 1, as SAIM Studio 0.1 left it. Never changed: tests that write work on a copy. */
const old = path.resolve('test/fixtures/run-0.1')

function copyOfOld(): string {
  const folder = path.join(temporaryFolder(), path.basename(old))
  cpSync(old, folder, { recursive: true })
  return folder
}
const textOf = (file: string) => readFileSync(file, 'utf8')

describe('a run folder of 0.1', () => {
  it('is read as one of this version, and not changed by it', async () => {
    const before = textOf(runPaths(old).run)
    const run = await readRun(old)
    expect(run).toMatchObject({ format: runFormat, name: 'a run', status: 'finished', step: 2 })
    expect((await readMetrics(old)).map(({ step }) => step)).toEqual([1, 2])
    expect(await listCheckpoints(old)).toMatchObject([{ step: 2, epoch: 2, number: 2 }])
    const { weights, optimizer, state } = await loadCheckpoint(old, 2)
    expect(state).toMatchObject({ step: 2, batch: 2, interval: { sum: 0, steps: 0, validation: null } })
    expect(weights['cls_token']!.shape).toEqual([1, 1, 16])
    expect(optimizer['adam.mean/cls_token']!.shape).toEqual([1, 1, 16])
    expect(textOf(runPaths(old).run)).toBe(before)
  })

  it('is listed, goes on and is exported', async () => {
    const home = temporaryFolder()
    const folder = path.join(home, 'runs', 'a-run-20261128-132742-agl3')
    cpSync(old, folder, { recursive: true })
    const images = path.join(home, 'images')
    await makeImages(images, 16)
    const run = await readRun(folder)
    const hyperparameters = { ...run.hyperparameters, epochs: 4 }
    await updateRun(folder, { dataset: { ...run.dataset, folder: images }, hyperparameters })
    const messages = await trainRun(folder)
    expect(messages.at(-1)).toMatchObject({ type: 'ended', status: 'finished' })
    expect((await readMetrics(folder)).map(({ step }) => step)).toEqual([1, 2, 3, 4])
    expect((await readRun(folder)).seams).toMatchObject([{ step: 2 }])
    const listed = await saim(['runs', '--runs', path.join(home, 'runs')], home)
    expect(listed.output).toContain(run.id)
    const made = path.join(home, 'exported')
    const exported = await saim(['export', folder, '--format', 'safetensors', '--out', made], home)
    expect(exported).toMatchObject({ code: 0 })
  })
})

describe('a run folder of a newer version', () => {
  let folder: string
  beforeAll(async () => {
    folder = copyOfOld()
    await writeRecord(runPaths(folder).run, { ...(await readRun(folder)), format: runFormat + 1 })
  })
  const words = `newer version of SAIM Studio (format ${runFormat + 1}, this one knows ${runFormat})`

  it('is refused in words and never changed', async () => {
    const before = readdirSync(folder, { recursive: true }).sort()
    const text = textOf(runPaths(folder).run)
    await expect(readRun(folder)).rejects.toThrow(words)
    await expect(updateRun(folder, { status: 'paused' })).rejects.toThrow(words)
    expect((await trainRun(folder)).at(-1)).toMatchObject({ type: 'ended', status: 'failed' })
    expect(textOf(runPaths(folder).run)).toBe(text)
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before)
  })

  it('has checkpoints that are refused too, and not set aside as damaged', async () => {
    const copy = copyOfOld()
    const saved = await loadCheckpoint(copy, 2)
    await saveCheckpoint(copy, saved, runFormat + 1)
    await expect(loadNewestCheckpoint(copy, () => undefined)).rejects.toThrow(words)
    expect(readdirSync(runPaths(copy).checkpoints)).toEqual(['00000002'])
  })
})

/** The one account of the format that both TypeScript and the Python of resources/cluster are held to. */
interface Format {
  format: number
  paths: Record<string, string>
  checkpoint: string[]
  run: string[]
  state: string[]
  metric: string[]
  lines: { metric: Record<string, number>; line: string }
  record: { value: Record<string, unknown>; text: string }
}
const format = JSON.parse(textOf('test/fixtures/run-format.json')) as Format

const state = {
  ...{ step: 7, epoch: 1, batch: 7, batchesPerEpoch: 7, number: 1, loss: 1, best: null, seconds: 1 },
  ...{ interval: { sum: 0, steps: 0, validation: null }, savedAt: '2026-01-01T00:00:00.000Z' },
}

describe('the format of run folders', () => {
  it('is that of the fixture in TypeScript', async () => {
    const folder = await createRun(temporaryFolder(), {
      name: 'a run',
      dataset: { name: 'images', folder: '/images' },
      hyperparameters: fromPreset('nano'),
      engine: 'onnxruntime-cpu',
      threads: 1,
      decoders: 1,
      writeManifest: async (file) => (writeFileSync(file, '{}'), { train: 8, validation: 0, test: 0 }),
    })
    const paths = runPaths(folder)
    const tensors = { a: { shape: [1], values: Float32Array.of(1) } }
    await saveCheckpoint(folder, { weights: tensors, optimizer: tensors, state })
    await writeRecord(path.join(folder, 'record.json'), format.record.value)
    const named = { ...paths, checkpoint: paths.checkpoint(7), reconstructions: paths.reconstructions(7) }
    const json = (file: string) => JSON.parse(textOf(file)) as Record<string, unknown>
    expect({
      format: json(paths.run)['format'],
      paths: Object.fromEntries(
        Object.keys(format.paths).map((name) => [
          name,
          path
            .relative(folder, named[name as 'run'])
            .split(path.sep)
            .join('/'),
        ]),
      ),
      checkpoint: readdirSync(paths.checkpoint(7)).sort(),
      run: Object.keys(json(paths.run)).sort(),
      state: Object.keys(json(path.join(paths.checkpoint(7), 'state.json'))).sort(),
      metric: Object.keys(metric.shape)
        .filter((name) => name !== 'validationLoss')
        .sort(),
      lines: { ...format.lines, line: lineOf(format.lines.metric) },
      record: { ...format.record, text: textOf(path.join(folder, 'record.json')) },
    }).toEqual(format)
  })

  it.runIf(hasPython)(
    'is that of the fixture in Python, and Python reads what TypeScript writes',
    async () => {
      const folder = copyOfOld()
      await updateRun(folder, {}) // of this format
      const initial = Buffer.concat(encodeSafetensors({ a: { shape: [1], values: Float32Array.of(1) } }))
      writeFileSync(path.join(folder, 'weights.safetensors'), initial)
      const written = JSON.parse(runPython('run_format.py', folder, JSON.stringify(state))) as Omit<
        Format,
        'run'
      >
      expect(written).toEqual({ ...format, run: undefined })
      expect((await loadCheckpoint(folder, 7)).state).toEqual(state)
      expect((await readRun(folder)).step).toBe(7)
    },
  )
})
