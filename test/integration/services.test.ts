import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forkNode } from '#platform/processes'
import { createServices, type Services } from '#app/backend'
import { lockOwner } from '#storage/lock'
import { runPaths } from '#storage/run/run-folder'
import type { Dataset, EventName, Backend, Run } from '#shared/contract'
import { fromPreset } from '#shared/settings/hyperparameters'
import { makeImages, saim, smallModel, flags, temporaryFolder } from '#test/helpers/runs'

const home = temporaryFolder()
const images = realpathSync(temporaryFolder())
const runs = path.join(home, 'runs')
const events: { name: EventName; payload: unknown }[] = []
let services: Services
let calls: Backend
let dataset: Dataset

const open = () => {
  services = createServices({ kind: 'browser', fork: forkNode }, (name, payload) =>
    events.push({ name, payload }),
  )
  calls = services.calls as Backend
}

beforeAll(async () => {
  process.env['SAIM_HOME'] = home
  await makeImages(images, 24)
  writeFileSync(path.join(images, 'broken.jpg'), 'not an image')
  open()
  dataset = await scanned((await calls['datasets.add']({ folder: images })).id)
})
afterAll(() => services.close())

const settings = (changes: object = {}) =>
  fromPreset('nano', {
    imageSize: 16,
    patchSize: 4,
    width: 32,
    depth: 2,
    heads: 2,
    queryDepth: 2,
    batchSize: 8,
    epochs: 4,
    warmupEpochs: 1,
    checkpointEvery: 2,
    ...changes,
  })
const long = () => settings({ epochs: 10_000, checkpointEvery: 1000 })

async function until<T>(look: () => Promise<T | false | undefined> | T | false | undefined): Promise<T> {
  for (;;) {
    const found = await look()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const scanned = (id: string) =>
  until(async () => (await calls['datasets.list']()).find((d) => d.id === id && d.status !== 'scanning'))

const inState = (id: string, status: Run['status']) =>
  until(async () => {
    const run = await calls['runs.get']({ id })
    return run.status === status && run
  })

const steps = (id: string, step: number) => until(async () => (await calls['runs.get']({ id })).step >= step)

const heard = (name: EventName, id: string) =>
  events.filter((event) => event.name === name && (event.payload as { id: string }).id === id)

describe('data sets', () => {
  it('count images, classes and sizes, and name what cannot be read', async () => {
    expect(dataset).toMatchObject({
      status: 'ready',
      images: 24,
      unreadable: 1,
      classes: [
        { name: 'even', images: 12 },
        { name: 'odd', images: 12 },
      ],
      sizes: { minimumWidth: 60, maximumWidth: 60, minimumHeight: 40, maximumHeight: 40 },
    })
    const { files } = await calls['datasets.unreadable']({ id: dataset.id, offset: 0, limit: 10 })
    expect(files[0]).toMatchObject({ path: 'broken.jpg', reason: expect.stringContaining('not an image') })
  })

  it('are the same data set when the folder is added again', async () => {
    expect((await calls['datasets.add']({ folder: `${images}/even/..` })).id).toBe(dataset.id)
  })

  it('page through a class, each image by its own number', async () => {
    const page = { id: dataset.id, offset: 10, limit: 5, classes: ['odd'] }
    const { total, images: odd } = await calls['datasets.images'](page)
    expect(total).toBe(12)
    expect(odd.map(({ path }) => path)).toEqual(['odd/image 021.jpg', 'odd/image 023.jpg'])
    expect(new Set(odd.map(({ id }) => id)).size).toBe(2)
  })

  it('keep a thumbnail until the image changes', async () => {
    const file = await services.file(`thumbnail/${dataset.id}/2`)
    expect(readFileSync(file!).toString('latin1', 8, 12)).toBe('WEBP')
    expect(await services.file(`thumbnail/${dataset.id}/2`)).toBe(file)
    await makeImages(images, 1, { width: 80 })
    expect(await services.file(`thumbnail/${dataset.id}/2`)).not.toBe(file)
    expect(await services.file(`thumbnail/${dataset.id}/26`)).toBeNull()
  })

  it('follow their folder while they are looked at', async () => {
    const { id } = dataset
    await calls['datasets.watch']({ id })
    const has = (count: number, classes: string[]) =>
      until(async () => {
        const [now] = await calls['datasets.list']()
        return now!.images === count && now!.classes.map(({ name }) => name).join() === classes.join()
      })
    mkdirSync(path.join(images, 'new'))
    copyFileSync(path.join(images, 'odd/image 001.jpg'), path.join(images, 'new/first.jpg'))
    await has(25, ['even', 'new', 'odd'])
    copyFileSync(path.join(images, 'odd/image 003.jpg'), path.join(images, 'new/second.jpg'))
    await has(26, ['even', 'new', 'odd'])
    const told = heard('datasets.changed', id).length
    writeFileSync(path.join(images, 'new/notes.txt'), 'no image')
    rmSync(path.join(images, 'new'), { recursive: true })
    await has(24, ['even', 'odd'])
    expect(heard('datasets.changed', id).length).toBe(told + 1)
    dataset = (await calls['datasets.list']())[0]!
  })

  it('say why a folder cannot be added', async () => {
    const empty = temporaryFolder()
    const { id } = await calls['datasets.add']({ folder: empty })
    expect(await scanned(id)).toMatchObject({ status: 'failed', error: expect.stringContaining('no images') })
    const missing = calls['datasets.add']({ folder: path.join(empty, 'missing') })
    await expect(missing).rejects.toMatchObject({ code: 'folder-missing' })
    await calls['datasets.remove']({ id })
    expect(existsSync(empty)).toBe(true)
    expect((await calls['datasets.list']()).map((d) => d.id)).toEqual([dataset.id])
  })

  it('that an earlier version wrote with less in it are scanned again', async () => {
    const { id, name, folder, addedAt } = dataset
    const file = path.join(home, 'datasets', `${id}.json`)
    services.close()
    writeFileSync(file, JSON.stringify({ id, name, folder, addedAt, status: 'ready', images: 3 }))
    open()
    const again = await scanned(id)
    expect({ ...again, scannedAt: null }).toEqual({ ...dataset, scannedAt: null })
    dataset = again
  })
})

describe('runs', () => {
  it('train, tell what comes, and leave checkpoints with reconstructions', async () => {
    const run = await calls['runs.start']({
      dataset: dataset.id,
      hyperparameters: settings(),
      name: 'Überblick',
    })
    const finished = await inState(run.id, 'finished')
    expect(finished).toMatchObject({ name: 'Überblick', step: 12, totalSteps: 12, secondsLeft: null })
    const told = await until(
      () => heard('runs.checkpoint', run.id).length === 2 && heard('runs.metrics', run.id),
    )
    const toldSteps = told.flatMap(({ payload }) => (payload as { metrics: { step: number[] } }).metrics.step)
    expect(toldSteps).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    expect(heard('runs.log', run.id).length).toBeGreaterThan(0)

    const columns = await calls['runs.metrics']({ id: run.id, points: 5 })
    expect(columns.step.length).toBeLessThanOrEqual(5)
    // Each row is a stretch of steps that ends at its step: together they are all of them.
    expect([columns.step[0]! - columns.steps[0]! + 1, columns.step.at(-1)]).toEqual([1, 12])
    expect(columns.steps.reduce((a, b) => a + b)).toBe(12)
    const [checkpoint] = await calls['runs.checkpoints']({ id: run.id })
    expect(existsSync((await services.file(checkpoint!.reconstructions[0]!))!)).toBe(true)
  })

  it('are estimated from earlier runs of the same model', async () => {
    const { all, images, waitSeconds } = await calls['runs.estimate']({
      dataset: dataset.id,
      hyperparameters: [settings({ epochs: 8 }), settings({ width: 64 })],
    })
    expect(all).toMatchObject([
      { basis: { kind: 'earlier-run', run: 'Überblick' }, stepsPerEpoch: 3, totalSteps: 24 },
      { basis: { kind: 'other-run', run: 'Überblick' } },
    ])
    expect(waitSeconds).toBe(0)
    expect(images.train + images.validation + images.test).toBe(dataset.images)
    const [{ latest }] = (await calls['runs.list']()) as [Run]
    expect(all[0]!.memoryBytes).toBe(latest!.memory)
  })

  it('say what to expect of the next one', async () => {
    const expectation = await calls['runs.expect']({ dataset: dataset.id, hyperparameters: settings() })
    const [{ id, latest }] = (await calls['runs.list']()) as [Run]
    expect(expectation).toMatchObject({
      run: { id, name: 'Überblick' },
      common: 'model-and-images',
      epochs: Math.round(latest!.epoch),
    })
    const checkpoints = await calls['runs.checkpoints']({ id })
    expect(expectation!.checkpoints).toEqual([checkpoints[0], checkpoints.at(-1)])
  })

  it('train one at a time, also when asked twice at once; pause, resume and stop', async () => {
    await until(async () => (await services.currentRun()) === null) // the process of the run before
    const start = () => calls['runs.start']({ dataset: dataset.id, hyperparameters: long(), name: 'long' })
    const [first, second] = await Promise.all([start(), start()])
    expect([first.status, second.status].sort()).toEqual(['queued', 'starting'])
    const [active, waiting] = first.status === 'queued' ? [second, first] : [first, second]
    expect(await calls['runs.queue']()).toEqual({ ids: [waiting.id], held: false })
    const { id } = active
    await steps(id, 3)

    // Pausing frees the machine: the other does not take its place.
    await calls['runs.pause']({ id })
    const paused = await calls['runs.get']({ id })
    expect(paused.status).toBe('paused')
    expect(await calls['runs.queue']()).toEqual({ ids: [waiting.id], held: true })
    await calls['runs.resume']({ id })
    expect((await calls['runs.queue']()).ids).toEqual([waiting.id, id])
    expect((await calls['runs.move']({ id, place: 0 })).ids).toEqual([id, waiting.id])
    await calls['runs.hold']({ held: false })
    await steps(id, paused.step + 2)
    await expect(calls['runs.remove']({ id })).rejects.toMatchObject({ code: 'run-busy' })

    await calls['runs.stop']({ id: waiting.id })
    expect(await calls['runs.queue']()).toEqual({ ids: [], held: false })
    await calls['runs.stop']({ id })
    const stopped = await calls['runs.get']({ id })
    expect(stopped.status).toBe('stopped')
    expect(stopped.seams).toMatchObject([{ step: paused.step, changes: [] }])
    const { step } = await calls['runs.metrics']({ id, points: 2000 })
    expect(step).toEqual(Array.from({ length: stopped.step }, (_, i) => i + 1))
  })

  it('go on with the next when one crashes', async () => {
    const start = (name: string) =>
      calls['runs.start']({ dataset: dataset.id, hyperparameters: long(), name })
    const [crashing, next] = [await start('crashing'), await start('next')]
    await steps(crashing.id, 1)
    process.kill((await lockOwner(runPaths(crashing.folder).lock))!.pid, 'SIGKILL')
    await inState(next.id, 'running')
    const run = await calls['runs.get']({ id: crashing.id })
    expect(run).toMatchObject({ status: 'interrupted', error: { code: 'worker-died' } })
    await calls['runs.stop']({ id: next.id })
  })

  it('begin with the weights of another run, where the models are the same', async () => {
    const finished = (await calls['runs.list']()).find(({ name }) => name === 'Überblick')!
    const start = (changes: object) =>
      calls['runs.start']({
        dataset: dataset.id,
        hyperparameters: settings(changes),
        name: 'heir',
        from: { run: finished.id, step: 6 },
      })
    await expect(start({ width: 64 })).rejects.toMatchObject({ code: 'bad-settings' })
    const heir = await start({ epochs: 1 })
    expect(heir.origin).toEqual({ run: finished.id, name: 'Überblick', step: 6 })
    const { latest } = await inState(heir.id, 'finished')
    const fresh = (await calls['runs.metrics']({ id: finished.id, points: 20 })).loss
    expect(latest!.loss).toBeLessThan(fresh[0]!)
  })

  it('say what they take on disk and are pruned by the rule of retention', async () => {
    const run = (await calls['runs.list']()).find(({ name }) => name === 'Überblick')!
    const before = (await calls['runs.disk']()).runs.find(({ id }) => id === run.id)!
    const { freed } = await calls['runs.prune']({ id: run.id, keepEvery: 0, keepBest: 0 })
    const after = (await calls['runs.disk']()).runs.find(({ id }) => id === run.id)!
    expect([before.checkpoints, after.checkpoints]).toEqual([2, 1])
    expect(freed).toBeGreaterThan(before.checkpointBytes / 3)
    expect((await calls['runs.checkpoints']({ id: run.id })).map(({ step }) => step)).toEqual([12])
  })

  it('are interrupted when their process is killed, and go on from the last checkpoint', async () => {
    const hyperparameters = settings({ epochs: 10_000, checkpointEvery: 1 })
    const { id, folder } = await calls['runs.start']({ dataset: dataset.id, hyperparameters, name: 'killed' })
    await steps(id, 4)
    process.kill((await lockOwner(runPaths(folder).lock))!.pid, 'SIGKILL')
    await inState(id, 'interrupted')
    await until(async () => (await services.currentRun()) === null)
    await calls['runs.resume']({ id })
    await inState(id, 'running')
    await calls['runs.stop']({ id })
    expect((await calls['runs.get']({ id })).status).toBe('stopped')
  })

  it('of the command line are followed', async () => {
    events.length = 0
    const training = saim(
      ['train', images, '--name', 'by hand', ...flags({ ...smallModel, epochs: 4 })],
      home,
    )
    const run = await until(async () => (await calls['runs.list']()).find(({ name }) => name === 'by hand'))
    await training
    await inState(run.id, 'finished')
    await until(() =>
      heard('runs.changed', run.id).some(({ payload }) => (payload as Run).status === 'finished'),
    )
  })

  it('keep a name, notes and tags beside what the training writes', async () => {
    const [run] = (await calls['runs.list']()) as [Run]
    const words = { name: 'New name', notes: 'Notes', tags: ['a', 'b'], pinned: true, archived: true }
    await calls['runs.update']({ id: run.id, ...words })
    expect(await calls['runs.get']({ id: run.id })).toMatchObject({ ...words, step: run.step })
    await calls['runs.update']({ id: run.id, archived: false })
    expect(await calls['runs.get']({ id: run.id })).toMatchObject({ ...words, archived: false })
  })

  it('export weights and never overwrite', async () => {
    const run = (await calls['runs.list']()).find(({ name }) => name === 'by hand')!
    const folder = temporaryFolder()
    const exported = () => calls['exports.create']({ id: run.id, format: 'safetensors', folder })
    const [first, second] = [await exported(), await exported()]
    expect(path.basename(first.folder)).toBe(`by-hand-${run.step}-safetensors`)
    expect(path.basename(second.folder)).toBe(`by-hand-${run.step}-safetensors-2`)
    expect(first.checks[0]).toMatchObject({ library: 'onnxruntime', images: 8, difference: 0 })
    expect(heard('exports.progress', run.id).length).toBeGreaterThan(1)
    const missing = calls['exports.create']({ id: run.id, step: 1, format: 'safetensors', folder })
    await expect(missing).rejects.toMatchObject({ code: 'checkpoint-missing' })
  })

  it('are made of weights from elsewhere, and wait for a person to train them', async () => {
    const file = path.resolve('test/fixtures/run-0.1/checkpoints/00000002/weights.safetensors')
    const { run, report } = await calls['imports.create']({ file, dataset: dataset.id, changes: {} })
    expect(run).toMatchObject({ name: 'weights', status: 'stopped', step: 0 })
    expect(report.missing).toEqual([])
    expect((await calls['runs.checkpoints']({ id: run.id })).map(({ step }) => step)).toEqual([0])
    const heads = { heads: 7 }
    const misfit = calls['imports.create']({ file, dataset: dataset.id, changes: heads })
    await expect(misfit).rejects.toMatchObject({ code: 'bad-settings' })
  })

  it('go to the trash and leave the list', async () => {
    const run = (await calls['runs.list']()).find(({ name }) => name === 'by hand')!
    await calls['runs.remove']({ id: run.id })
    expect((await calls['runs.list']()).some(({ id }) => id === run.id)).toBe(false)
    expect(readdirSync(path.join(home, 'trash'))).toEqual([run.id])
    await expect(calls['runs.get']({ id: run.id })).rejects.toMatchObject({ code: 'run-missing' })
    expect((await calls['runs.disk']()).trash.runs).toBe(1)
  })

  it('come back from the trash as they were', async () => {
    const [id] = readdirSync(path.join(home, 'trash'))
    expect(await calls['runs.restore']({ id: id! })).toMatchObject({ id, name: 'by hand' })
    expect((await calls['runs.list']()).some((run) => run.id === id)).toBe(true)
    expect(readdirSync(path.join(home, 'trash'))).toEqual([])
    await expect(calls['runs.restore']({ id: id! })).rejects.toMatchObject({ code: 'run-missing' })
    await calls['runs.remove']({ id: id! })
  })

  it('leave other things in the runs folder alone', async () => {
    const before = await calls['runs.list']()
    mkdirSync(path.join(runs, 'My Folder'))
    mkdirSync(path.join(runs, 'no-run'))
    writeFileSync(path.join(runs, 'file'), '')
    expect((await calls['runs.list']()).length).toBe(before.length)
  })

  it('are paused and saved when the application ends, and everything is there the next time', async () => {
    const { id } = await calls['runs.start']({
      dataset: dataset.id,
      hyperparameters: long(),
      name: 'at the end',
    })
    await steps(id, 2)
    await services.close()
    open()
    const run = await calls['runs.get']({ id })
    expect(run.status).toBe('paused')
    expect((await calls['runs.checkpoints']({ id })).at(-1)!.step).toBe(run.step)
    expect(await calls['datasets.list']()).toEqual([dataset])
  })
})
