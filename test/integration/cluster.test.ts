import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flagsOf } from '#shared/settings/flags'
import { sampleImagesFolder } from '#platform/paths'
import { forkNode } from '#platform/processes'
import { createServices, type Services } from '#app/backend'
import { checkpointSteps } from '#storage/run/checkpoint'
import { readChecked } from '#storage/files'
import { readMetrics } from '#storage/run/metrics'
import { readRun, runPaths, updateRun } from '#storage/run/run-folder'
import { startTraining } from '#jobs/train/supervise'
import { verifyTwin } from '#jobs/prove/twin'
import type { EventName, Handlers, Run } from '#shared/contract'
import { hasPython, python, requirePythonInCi } from '#test/helpers/python'
import { references } from '#test/helpers/reference-data'
import { makeImages, saim, temporaryFolder } from '#test/helpers/runs'
import { newRun, trainRun } from '#test/helpers/training'

/**
 * RAY_PYTHON names a Python that has Ray beside PyTorch (resources/cluster/requirements.txt); without it only torchrun is
 * tested, since Ray is large and slow to start.
 */
const launchers = [
  { launcher: 'torchrun', interpreter: hasPython ? python : undefined },
  { launcher: 'ray', interpreter: process.env['RAY_PYTHON'] },
].filter(({ interpreter }) => interpreter)
if (!process.env['RAY_PYTHON']) console.log('RAY_PYTHON names no Python: Ray Train is not tested.')

const images = path.join(sampleImagesFolder(), 'vehicles')

requirePythonInCi()

describe.runIf(hasPython)('the PyTorch module', () => {
  beforeAll(() => void (process.env['SAIM_PYTHON'] = python))
  afterAll(() => void delete process.env['SAIM_PYTHON'])

  it.each(
    references.flatMap((folder) =>
      [false, true].map((gradientCheckpointing) => ({ folder, gradientCheckpointing })),
    ),
  )('agrees with an independent implementation: %o', async ({ folder, ...changes }) => {
    const checks = await verifyTwin(folder, changes)
    expect(checks.length).toBeGreaterThan(50)
    expect(checks.filter(({ difference, tolerance }) => !(difference <= tolerance))).toEqual([])
  })
})

/** Two workers share a batch of 9 as 5 and 4. */
const settings = {
  imageSize: 32,
  patchSize: 4,
  width: 32,
  depth: 2,
  heads: 2,
  queryDepth: 2,
  batchSize: 9,
  epochs: 200,
  warmupEpochs: 1,
  checkpointEvery: 1,
  keepEvery: 0,
  keepBest: 1,
}
const asFlags = flagsOf(settings).flatMap((flag) => flag.split(' '))

/** Ray takes a minute to start, several on a busy machine. */
const timeout = 900_000

describe.each(launchers)('a run by two workers of $launcher', { timeout }, ({ launcher, interpreter }) => {
  const home = temporaryFolder()
  const events: { name: EventName; payload: unknown }[] = []
  let services: Services
  let calls: Handlers
  let id: string
  let commandLine: Promise<number | null>

  const until = async (look: (run: Run) => boolean): Promise<Run> => {
    for (;;) {
      const run = await calls['runs.get']({ id })
      if (look(run)) return run
      if (run.status === 'failed') throw new Error(`It failed: ${run.error?.message} ${run.error?.advice}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  beforeAll(() => {
    process.env['SAIM_HOME'] = home
    process.env['SAIM_PYTHON'] = interpreter
    services = createServices({ kind: 'browser', fork: forkNode }, (name, payload) =>
      events.push({ name, payload }),
    )
    calls = services.calls
  })
  afterAll(async () => {
    await services.close()
    delete process.env['SAIM_PYTHON']
  })

  it('that the command line submits is seen live', async () => {
    const parameters = ['cluster', images, '--launcher', launcher, '--workers', '2', ...asFlags]
    const child = spawn('node', ['out/main/cli.js', ...parameters], { stdio: 'ignore' })
    commandLine = new Promise((resolve) => child.on('exit', resolve))
    while (!id) {
      id = (await calls['runs.list'](undefined))[0]?.id ?? ''
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const run = await until(({ status, step }) => status === 'running' && step >= 10)
    expect(run).toMatchObject({ cluster: { launcher, workers: 2, address: null }, totalSteps: 1400 })
    const heard = () => events.map(({ name }) => name)
    await expect
      .poll(heard, { timeout: 60_000 })
      .toEqual(expect.arrayContaining(['runs.changed', 'runs.metrics', 'runs.log', 'runs.checkpoint']))
  })

  it('survives the kill of a worker', async () => {
    const [pid] = /\d+(?=\.\n)/.exec(await calls['runs.log']({ id }))!
    process.kill(Number(pid), 'SIGKILL')
    const { seams } = await until((run) => run.seams.length === 1)
    await until(({ step }) => step >= seams[0]!.step + 10)
    expect(await calls['runs.log']({ id })).toContain(
      `Goes on from the checkpoint of step ${seams[0]!.step}.`,
    )
  })

  it('stops when it is asked, with a whole checkpoint and its pictures', async () => {
    await calls['runs.stop']({ id })
    expect(await commandLine).toBe(130)
    const run = await calls['runs.get']({ id })
    expect(run.status).toBe('stopped')
    const { step, reconstructions } = (await calls['runs.checkpoints']({ id })).at(-1)!
    expect(step).toBe(run.step)
    expect(reconstructions).toHaveLength(8)
    for (const file of ['00.png', 'sheet.png'])
      await readChecked(runPaths(run.folder).reconstructions(step), file)
  })

  it('is taken over by this machine', async () => {
    const { step } = await calls['runs.get']({ id })
    await calls['runs.resume']({ id, engine: 'onnxruntime-cpu' })
    expect(await until((run) => run.step >= step + 10)).toMatchObject({ cluster: null, status: 'running' })
    await calls['runs.stop']({ id })
  })

  it('is the run of one machine all the way', async () => {
    const { folder, seams, step } = await calls['runs.get']({ id })
    const alone = await newRun(temporaryFolder(), images, settings)
    expect((await readRun(alone)).hyperparameters).toEqual((await readRun(folder)).hyperparameters)
    await trainRun(alone, step)
    const [ours, theirs] = [await readMetrics(alone), await readMetrics(folder)]
    const differences = theirs.map(({ loss }, i) => Math.abs(loss - ours[i]!.loss))
    expect(theirs.map((metric) => metric.step)).toEqual(theirs.map((_, i) => i + 1))
    expect(theirs.map(({ learningRate }) => learningRate)).toEqual(
      ours.slice(0, theirs.length).map(({ learningRate }) => learningRate),
    )
    const largest = (part: number[]) => Math.max(...part).toExponential(1)
    console.log(
      `${launcher}: losses differ by at most ${largest(differences.slice(0, 20))} in 20 steps, ${largest(differences)} in ${step}, of which this machine took the last ${step - seams.at(-1)!.step}.`,
    )
    expect(Math.max(...differences.slice(0, 20))).toBeLessThan(1e-3)
    expect(Math.max(...differences)).toBeLessThan(1e-2)
  })
})

/** Processes that train the run of a folder as workers of torchrun. */
const workersOf = (folder: string) =>
  execFileSync('ps', ['-Ao', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('train.py') && line.includes(folder))

describe.runIf(hasPython && process.platform !== 'win32')('a run whose workers are still starting', () => {
  it('stops at once, with all its processes', { timeout: 120_000 }, async () => {
    process.env['SAIM_PYTHON'] = python
    const folder = await newRun(temporaryFolder(), images, settings)
    await updateRun(folder, { cluster: { launcher: 'torchrun', workers: 2, address: null } })
    const training = startTraining(forkNode, folder)
    await expect.poll(() => workersOf(folder).length, { timeout: 60_000 }).toBe(2)
    training.stop('stopped')
    expect(await training.ended).toEqual({ status: 'stopped', error: null })
    delete process.env['SAIM_PYTHON']
    expect(workersOf(folder)).toEqual([])
    expect(await checkpointSteps(folder)).toEqual([])
    expect((await readRun(folder)).status).toBe('stopped')
  })
})

describe.runIf(hasPython)('a worker', () => {
  it('reads no image that a link leads to out of the folders that may be used', async () => {
    const [allowed, outside] = [temporaryFolder(), temporaryFolder()]
    await makeImages(allowed, 1)
    await makeImages(outside, 1)
    const image = path.join(allowed, 'even', 'image 000.jpg')
    symlinkSync(path.join(outside, 'even', 'image 000.jpg'), path.join(allowed, 'link.jpg'))
    const code = `import pathlib, sys
sys.path.insert(0, sys.argv[1])
import data
for path in sys.argv[2:]:
    try:
        print(data.decode(pathlib.Path(path), 60, 40, 1).size)
    except data.UNREADABLE as error:
        print(error)`
    const read = (roots: object) =>
      execFileSync(
        python,
        ['-B', '-c', code, path.resolve('resources/cluster'), image, path.join(allowed, 'link.jpg')],
        { encoding: 'utf8', env: { ...process.env, ...roots } },
      ).trim()
    expect(read({ SAIM_ROOTS: JSON.stringify([allowed]) }).split('\n')).toEqual([
      '(60, 40)',
      'a link out of the folders that may be used',
    ])
    expect(read({}).split('\n')).toEqual(['(60, 40)', '(60, 40)'])
  })
})

describe.runIf(hasPython)('a launcher', () => {
  it('whose parent is gone asks its workers to save, and waits for them no longer than it says', () => {
    const folder = temporaryFolder()
    const request = path.join(folder, 'request')
    const code = `import pathlib, signal, sys, time
sys.path.insert(0, sys.argv[1])
import launch
launch.PATIENCE = 0.2
class Folder:
    request = pathlib.Path(sys.argv[2])
    def is_ours(self): return True
signal.signal(signal.SIGTERM, lambda *_: None)  # as workers that hang
launch.stop_without_parent(Folder())
while True: time.sleep(0.05)`
    const parameters = ['-B', '-c', code, path.resolve('resources/cluster'), request]
    const { status, stderr } = spawnSync(python, parameters, { input: '', timeout: 20_000, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(1)
    expect(readFileSync(request, 'utf8')).toBe('paused')
  })
})

describe('saim cluster', () => {
  it('says what to install where the Python has no PyTorch', async () => {
    const [home, bare] = [temporaryFolder(), path.join(temporaryFolder(), 'python')]
    writeFileSync(bare, '#!/bin/sh\necho "No module named \'torch\'" >&2; exit 1', { mode: 0o755 })
    process.env['SAIM_PYTHON'] = bare
    const { code, output } = await saim(['cluster', images, ...asFlags], home)
    delete process.env['SAIM_PYTHON']
    expect(code).toBe(5)
    expect(output).toContain("cannot train by ray: No module named 'torch'.")
    const requirements = /pip install -r (\S+requirements\.txt)/.exec(output)![1]!
    expect(readFileSync(requirements, 'utf8')).toContain('torch')
  })

  it('refuses what is no number of workers', async () => {
    const { code, output } = await saim(['cluster', images, '--workers', 'two'], temporaryFolder())
    expect(code).toBe(2)
    expect(output).toContain("'--workers <n>' argument 'two' is invalid")
  })
})
