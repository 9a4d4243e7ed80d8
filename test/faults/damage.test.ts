import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forkNode } from '#platform/processes'
import { createServices, type Services } from '#app/backend'
import { readImages } from '#images/manifest'
import { readHealth } from '#storage/run/health-file'
import { loadNewestCheckpoint, newestStep } from '#storage/run/checkpoint'
import { readRun, runPaths } from '#storage/run/run-folder'
import type { Run } from '#shared/contract'
import { makeImages, temporaryFolder } from '#test/helpers/runs'
import { historyOf, newestWeights, newRun, trainRun } from '#test/helpers/training'

/**
 * Truncation and flipped bits in every file of a run: what is shown is what was written, or is missing; training goes on
 * from what is whole. FAULTS sets how many flips are tried in each file.
 */
const flips = Number(process.env['FAULTS'] ?? 2)
const home = temporaryFolder()
const images = temporaryFolder()
const [original, whole] = [path.join(home, 'original'), temporaryFolder()]
let folder: string
let id: string
let services: Services
let shown: Awaited<ReturnType<typeof everythingShown>>

beforeAll(async () => {
  process.env['SAIM_HOME'] = home
  await makeImages(images, 24)
  const uninterrupted = await newRun(whole, images, { epochs: 5 })
  await trainRun(uninterrupted)
  folder = await newRun(home, images, { epochs: 5 })
  id = path.basename(folder)
  await trainRun(folder, 7)
  services = createServices({ kind: 'browser', fork: forkNode }, () => undefined)
  await services.calls['runs.update']({ id, notes: 'Notes', tags: ['a'] })
  cpSync(folder, original, { recursive: true })
  shown = await everythingShown()
})
afterAll(() => services.close())

const restore = () => {
  rmSync(folder, { recursive: true, force: true })
  cpSync(original, folder, { recursive: true })
}

const files = () =>
  (readdirSync(original, { recursive: true }) as string[]).filter(
    (name) => statSync(path.join(original, name)).isFile() && statSync(path.join(original, name)).size > 0,
  )

/** All that pages can show of the run. */
async function everythingShown() {
  const { calls, file } = services
  const { updatedAt, ...run } = await calls['runs.get']({ id })
  expect(updatedAt).toBeTruthy()
  const columns = await calls['runs.metrics']({ id, points: 1000 })
  const metrics = columns.step.map((_, i) =>
    JSON.stringify(Object.values(columns).map((values) => values[i])),
  )
  const checkpoints = await calls['runs.checkpoints']({ id })
  const pictures: Record<string, Buffer> = {}
  for (const name of checkpoints.flatMap(({ reconstructions }) => reconstructions)) {
    const place = await file(name)
    if (place) pictures[name] = readFileSync(place)
  }
  const manifest = await readImages(folder)
  const images = Array.from({ length: manifest.length }, (_, i) => manifest.at(i))
  return { run: run as Run, metrics, checkpoints, pictures, images }
}

async function expectNothingWrong(): Promise<void> {
  const now = await everythingShown()
  // The newest metric and kNN are read from files of lines; where the last line is damaged the one before is the newest.
  const { latest, knn } = now.run
  const rest = { latest: null, knn: null }
  expect({ ...now.run, ...rest }).toEqual({ ...shown.run, ...rest, ...notesOf(now.run) })
  if (knn !== null) expect((await readHealth(original)).knn).toContain(knn)
  if (latest)
    expect((await historyOf(original)).some((line) => JSON.parse(line).loss === latest.loss)).toBe(true)
  for (const line of now.metrics) expect(shown.metrics).toContain(line)
  for (const { bytes, reconstructions, ...checkpoint } of now.checkpoints) {
    expect(bytes).toBeGreaterThan(0)
    const before = shown.checkpoints.find(({ step }) => step === checkpoint.step)!
    expect(before).toMatchObject(checkpoint)
    for (const name of reconstructions) expect(before.reconstructions).toContain(name)
  }
  for (const [name, bytes] of Object.entries(now.pictures))
    expect(bytes.equals(shown.pictures[name]!)).toBe(true)
  expect(now.images).toEqual(shown.images)
}

/** A person's words are there or, where both copies are gone, absent. */
const notesOf = ({ notes }: Run) => (notes === 'Notes' ? {} : { notes: '', tags: [] })

function flip(file: string, byte: number, bit: number): void {
  const bytes = readFileSync(file)
  bytes[byte]! ^= 1 << bit
  writeFileSync(file, bytes)
}

const newestCheckpoint = async () =>
  path.join('checkpoints', path.basename(runPaths(folder).checkpoint((await newestStep(folder))!)))

describe('a damaged run', () => {
  it('shows what was written or nothing, whichever file is hurt', { timeout: 3_600_000 }, async () => {
    const count = { files: 0, flips: 0, truncations: 0 }
    for (const name of files()) {
      const file = path.join(folder, name)
      const { size } = statSync(path.join(original, name))
      count.files++
      for (let i = 0; i < flips; i++) {
        restore()
        flip(file, Math.floor(Math.random() * size), Math.floor(Math.random() * 8))
        await expectNothingWrong().catch((error) => {
          throw new Error(`${name}, a flipped bit: ${error}`)
        })
        count.flips++
      }
      for (const length of flips > 2
        ? [0, Math.floor(Math.random() * size), size - 1]
        : [Math.floor(size / 2)]) {
        restore()
        truncateSync(file, length)
        await expectNothingWrong().catch((error) => {
          throw new Error(`${name}, cut to ${length} of ${size} bytes: ${error}`)
        })
        count.truncations++
      }
    }
    console.log(
      `${count.flips} flipped bits and ${count.truncations} truncations of ${count.files} files: nothing wrong was shown.`,
    )
  })

  it(
    'loads its newest checkpoint exactly or the one before, whatever is hurt in it',
    { timeout: 3_600_000 },
    async () => {
      restore()
      const newest = await newestCheckpoint()
      rmSync(path.join(folder, newest), { recursive: true })
      const before = await newestWeights(folder)
      let tried = 0
      for (const name of readdirSync(path.join(original, newest)))
        for (let i = 0; i < flips; i++) {
          restore()
          const file = path.join(folder, newest, name)
          const { size } = statSync(file)
          if (i % 2) truncateSync(file, Math.floor(Math.random() * size))
          else flip(file, Math.floor(Math.random() * size), Math.floor(Math.random() * 8))
          const damaged: number[] = []
          const found = await loadNewestCheckpoint(folder, (step) => damaged.push(step))
          expect(damaged).toEqual([Number(path.basename(newest))])
          expect(found!.state.step).toBe(before.newest)
          expect(await newestWeights(folder)).toEqual(before)
          tried++
        }
      console.log(`${tried} damages of the newest checkpoint: each was noticed, the one before taken.`)
    },
  )

  it('is not begun anew where nothing is left to go on from: its metrics stay', async () => {
    for (const lose of [
      (checkpoints: string) => rmSync(checkpoints, { recursive: true }),
      (checkpoints: string) =>
        readdirSync(checkpoints).forEach((step) =>
          truncateSync(path.join(checkpoints, step, 'weights.safetensors'), 9),
        ),
    ]) {
      restore()
      lose(runPaths(folder).checkpoints)
      const metrics = readFileSync(runPaths(folder).metrics)
      expect((await trainRun(folder)).at(-1)).toMatchObject({
        status: 'failed',
        error: {
          code: 'checkpoint-missing',
          message: expect.stringContaining('has no checkpoint to go on from'),
        },
      })
      expect(readFileSync(runPaths(folder).metrics).equals(metrics)).toBe(true)
    }
  })

  it('trains on to the very end of the whole run', { timeout: 3_600_000 }, async () => {
    const [uninterrupted] = readdirSync(path.join(whole, 'runs'))
    const end = path.join(whole, 'runs', uninterrupted!)
    restore()
    const hurt = [
      `${await newestCheckpoint()}/weights.safetensors`,
      'metrics.jsonl',
      'run.json',
      'dataset.json',
    ]
    for (const name of process.env['FAULTS'] ? hurt : hurt.slice(0, 1)) {
      restore()
      const { size } = statSync(path.join(folder, name))
      truncateSync(path.join(folder, name), Math.floor(size / 2))
      await trainRun(folder)
      expect((await readRun(folder)).status).toBe('finished')
      expect(await newestWeights(folder)).toEqual(await newestWeights(end))
      expect((await historyOf(folder)).at(-1)).toBe((await historyOf(end)).at(-1))
      if (name.startsWith('checkpoints'))
        expect(readFileSync(path.join(folder, 'log.txt'), 'utf8')).toContain('cannot be used')
    }
  })
})
