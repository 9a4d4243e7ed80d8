import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createServices, type Services } from '#app/backend'
import { answer } from '#app/bridge'
import { forkNode } from '#platform/processes'
import type { CallName } from '#shared/contract'
import { Lock } from '#storage/lock'
import { runPaths } from '#storage/run/run-folder'
import { makeImages, saim, temporaryFolder } from '#test/helpers/runs'
import { newRun, trainRun } from '#test/helpers/training'

/** What disks refuse and strangers write, as the command line and pages meet it. Each test has a home and a run of its own. */
const [original, images] = [temporaryFolder(), temporaryFolder()]
let trained: string
/** Where its training was paused. */
let step: number
let home: string
let id: string
let folder: string
let services: Services

const call = (name: CallName, input?: unknown) => answer(services, name, input)
const paths = () => runPaths(folder)
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>

beforeAll(async () => {
  await makeImages(images, 16)
  trained = await newRun(original, images, { epochs: 6 })
  await trainRun(trained, 5)
  step = Number(json(runPaths(trained).run)['step'])
})
beforeEach(() => {
  home = mkdtempSync(path.join(original, 'home-'))
  vi.stubEnv('SAIM_HOME', home)
  id = path.basename(trained)
  folder = path.join(home, 'runs', id)
  cpSync(trained, folder, { recursive: true })
  services = createServices({ kind: 'browser', fork: forkNode }, () => undefined)
})
afterEach(() => services.close())
afterAll(() => vi.unstubAllEnvs())

/** Writes a record as another program would, without a checksum and a copy. */
function write(file: string, changes: object): void {
  const { sha256, ...value } = json(file)
  expect(sha256 === undefined || typeof sha256 === 'string').toBe(true)
  writeFileSync(file, JSON.stringify({ ...value, ...changes }))
  rmSync(`${file}.copy`, { force: true })
}

describe('checkpoints', () => {
  /** Loaded before the application, it has the disk fail below a folder. */
  const failing = path.join(original, 'failing.cjs')
  writeFileSync(
    failing,
    `for (const [module, names] of [['node:fs', ['openSync', 'readFileSync']], ['node:fs/promises', ['open', 'readFile']]])
      for (const name of names) {
        const real = require(module)[name]
        require(module)[name] = (file, ...others) => {
          if (!String(file).startsWith(process.env.FAILS_BELOW)) return real(file, ...others)
          const error = Object.assign(new Error('EIO: i/o error, open'), { code: 'EIO', errno: -5, syscall: 'open', path: String(file) })
          if (module === 'node:fs') throw error
          return Promise.reject(error)
        }
      }`,
  )

  it('that the disk does not give now stay as they are, with the metrics, and training goes on once it does', async () => {
    const names = readdirSync(paths().checkpoints)
    const metrics = readFileSync(paths().metrics)
    const env = { ...process.env, NODE_OPTIONS: `--require ${failing}`, FAILS_BELOW: paths().checkpoints }
    const output = await new Promise<string>((resolve) =>
      execFile('node', ['out/main/cli.js', 'resume', id], { env }, (_, stdout, stderr) =>
        resolve(stdout + stderr),
      ),
    )
    expect(readdirSync(paths().checkpoints)).toEqual(names)
    expect(readFileSync(paths().metrics).equals(metrics)).toBe(true)
    expect(output).toMatch(/cannot be read now: the disk cannot read or write it/)
    expect((await saim(['resume', id], home)).code).toBe(0)
    expect(json(paths().run)).toMatchObject({ status: 'finished', step: 12, seams: [{ step }] })
  })

  it('that is damaged is named on its run, after the one before was taken', async () => {
    expect(await call('runs.get', { id })).toMatchObject({ value: { notice: null } })
    truncateSync(path.join(paths().checkpoint(step), 'weights.safetensors'), 100)
    await trainRun(folder, step + 1)
    const name = `${path.basename(paths().checkpoint(step))}.damaged`
    const notice = expect.stringMatching(`^1 checkpoint could not be used.* is set aside .*: ${name}\\.$`)
    expect(await call('runs.get', { id })).toMatchObject({ ok: true, value: { notice } })
    expect(await call('runs.list')).toMatchObject({ ok: true, value: [{ id, notice }] })
  })

  it('that were set aside since they were damaged stay when others are pruned', async () => {
    const aside = `${paths().checkpoint(4)}.damaged`
    cpSync(paths().checkpoint(4), aside, { recursive: true })
    expect(await call('runs.prune', { id, keepEvery: 0, keepBest: 0 })).toMatchObject({ ok: true })
    expect(readdirSync(paths().checkpoints)).toEqual([
      '00000004.damaged',
      path.basename(paths().checkpoint(step)),
    ])
  })
})

describe('what is written', () => {
  it('is not taken for what others call .tmp, however old that is', async () => {
    const exported = path.join(home, 'exported')
    const others = [
      path.join(folder, 'mine.1-1.tmp'),
      path.join(paths().checkpoints, 'kept.1-1.tmp'),
      path.join(paths().reconstructionsRoot, 'kept.1-1.tmp'),
      path.join(exported, `a-run-${step}-safetensors.tmp`),
    ]
    for (const each of others) {
      mkdirSync(each, { recursive: true })
      utimesSync(each, 1e9, 1e9)
    }
    const asked = { id, format: 'safetensors', folder: exported }
    expect(await call('exports.create', asked)).toMatchObject({ ok: true })
    await trainRun(folder, step + 1)
    for (const each of others) expect(existsSync(each), each).toBe(true)
  })

  it('of images with the same name gets names of its own', async () => {
    const [cats, dogs, out] = ['Cat', 'Dog', 'out'].map((name) => path.join(home, name))
    for (const [i, place] of [cats!, dogs!].entries()) {
      mkdirSync(place)
      cpSync(path.join(images, i ? 'odd/image 001.jpg' : 'even/image 000.jpg'), path.join(place, '1.jpg'))
    }
    const { code } = await saim(['reconstruct', id, `${cats}/1.jpg`, `${dogs}/1.jpg`, '--out', out!], home)
    expect(code).toBe(0)
    expect(readdirSync(out!)).toHaveLength(2)
  })
})

describe('a record of a run that is odd', () => {
  it.each<[string, object]>([
    ['fewer steps than none', { totalSteps: -5 }],
    ['a folder without a name', { dataset: { name: 'a', folder: '', images: 1, validation: 0 } }],
    ['no number of images', { dataset: { name: 'a', folder: '/a', images: 'many', validation: 0 } }],
    ['a status that there is not', { status: 'asleep' }],
    ['a step of no whole number', { step: 0.5 }],
    ['statistics of one channel', { statistics: { mean: [0], deviation: [1] } }],
  ])('(%s) hides no run but its own', async (_, changes) => {
    const odd = path.join(home, 'runs', 'odd')
    cpSync(folder, odd, { recursive: true })
    write(runPaths(odd).run, changes)
    expect(await call('runs.list')).toMatchObject({ ok: true, value: [{ id }] })
    expect(await call('runs.disk')).toMatchObject({ ok: true, value: { runs: [{ id }] } })
    expect(await call('app.unreadable')).toMatchObject({ ok: true, value: [{ kind: 'run', path: odd }] })
    const [own, others] = [['run'], ['dataset', 'experiment', 'evaluation']]
    expect(await call('app.unreadable', { kinds: own })).toMatchObject({ ok: true, value: [{ path: odd }] })
    expect(await call('app.unreadable', { kinds: others })).toEqual({ ok: true, value: [] })
  })
})

describe('a data set', () => {
  /** Adds a folder and answers its id, once its record is written. */
  async function added(place: string): Promise<string> {
    const { value } = (await call('datasets.add', { folder: place })) as { value: { id: string } }
    await scanned(value.id)
    return value.id
  }

  const scanned = (set: string) =>
    vi.waitFor(
      () => expect(json(path.join(home, 'datasets', `${set}.json`))).toMatchObject({ status: 'ready' }),
      10_000,
    )

  it('with a slash at its end is the same, and is named as without', async () => {
    const set = await added(`${images}/`)
    expect(await call('datasets.add', { folder: `${images}//` })).toMatchObject({
      ok: true,
      value: { id: set, name: path.basename(images), folder: images },
    })
    expect(await added(images)).toBe(set)
  })

  it('that is odd hides no other, nor does an experiment', async () => {
    const place = path.join(home, 'datasets')
    const set = await added(images)
    await services.close()
    cpSync(path.join(place, `${set}.json`), path.join(place, 'odd.json'))
    write(path.join(place, 'odd.json'), { id: 'odd', folder: 7 })
    mkdirSync(path.join(home, 'experiments'))
    writeFileSync(path.join(home, 'experiments', 'experiment-odd.json'), '{"format":1,"runs":[null]}')
    services = createServices({ kind: 'browser', fork: forkNode }, () => undefined)
    expect(await call('datasets.list')).toMatchObject({ ok: true, value: [{ id: set }] })
    expect(await call('experiments.list')).toEqual({ ok: true, value: [] })
    expect(await call('app.unreadable')).toMatchObject({
      ok: true,
      value: [{ kind: 'experiment' }, { kind: 'dataset' }],
    })
  })

  it('shows what was excluded, though one of it cannot be read any more', async () => {
    const photos = path.join(home, 'photos')
    cpSync(images, photos, { recursive: true })
    const set = await added(photos)
    const page = { id: set, offset: 0, limit: 2 }
    const shown = (await call('datasets.images', page)) as {
      value: { images: { id: number; path: string }[] }
    }
    const [gone, kept] = shown.value.images
    await call('datasets.label', { id: set, images: [gone!.id, kept!.id], change: { excluded: true } })
    writeFileSync(path.join(photos, gone!.path), 'no image')
    await call('datasets.rescan', { id: set })
    await scanned(set)
    expect(await call('datasets.images', { ...page, problems: ['excluded'] })).toMatchObject({
      ok: true,
      value: { total: 1, images: [{ path: kept!.path, excluded: true }] },
    })
  })
})

describe.runIf(process.platform !== 'win32')('a run of strangers', () => {
  const secret = () => path.join(home, 'secret')
  beforeEach(() => writeFileSync(secret(), 'a secret line\n'))

  it.each(['log.txt', 'metrics.jsonl'])(
    'with a link for its %s shows and changes nothing of what it leads to',
    async (name) => {
      rmSync(path.join(folder, name), { force: true })
      symlinkSync(secret(), path.join(folder, name))
      const answers = [
        await call('runs.list'),
        await call('runs.log', { id }),
        await call('runs.metrics', { id, points: 10 }),
        await call('runs.update', { id, notes: 'Mine' }),
      ]
      expect(JSON.stringify(answers)).not.toContain('secret line')
      await trainRun(folder, step + 1)
      expect(readFileSync(secret(), 'utf8')).toBe('a secret line\n')
    },
  )

  it.each(['checkpoints', 'reconstructions'])(
    'with a link for its %s loses nothing of them',
    async (name) => {
      const elsewhere = path.join(home, 'elsewhere')
      cpSync(path.join(folder, name), elsewhere, { recursive: true })
      const before = readdirSync(elsewhere, { recursive: true })
      rmSync(path.join(folder, name), { recursive: true })
      symlinkSync(elsewhere, path.join(folder, name))
      await call('runs.prune', { id, keepEvery: 0, keepBest: 0 })
      await trainRun(folder, step + 1)
      expect(readdirSync(elsewhere, { recursive: true })).toEqual(before)
    },
  )
})

describe.runIf(process.platform !== 'win32')('a run that names a cluster of strangers', () => {
  const address = 'ray://head.example:10001'
  const started = () => existsSync(path.join(home, 'started'))
  /** A Python that tells that it was started. */
  beforeEach(() => {
    const python = path.join(home, 'python')
    writeFileSync(python, `#!/bin/sh\ntouch ${home}/started\nexit 1`, { mode: 0o755 })
    vi.stubEnv('SAIM_PYTHON', python)
  })
  const name = (status: string) =>
    write(paths().run, { status, cluster: { launcher: 'ray', workers: 2, address } })
  const ended = (code: string) =>
    vi.waitFor(
      async () =>
        expect(await call('runs.get', { id })).toMatchObject({
          value: { status: 'failed', error: { code } },
        }),
      15_000,
    )

  it('does not connect to it where it waits in the queue', async () => {
    name('queued')
    await ended('cluster-unknown')
    expect(started()).toBe(false)
  })

  it('asks first where somebody resumes it, and connects once they agreed to this address', async () => {
    name('paused')
    for (const input of [{ id }, { id, agreed: 'ray://other.example:10001' }])
      expect(await call('runs.resume', input)).toMatchObject({
        ok: false,
        error: { code: 'cluster-unknown' },
      })
    expect(started()).toBe(false)
    expect(await call('runs.resume', { id, agreed: address })).toMatchObject({ ok: true })
    await ended('engine-unavailable')
    expect(started()).toBe(true)
  })
})

describe('a lock', () => {
  /** One of this machine that names another process. */
  async function lockOf(changes: object): Promise<void> {
    await Lock.acquire(paths().lock)
    writeFileSync(paths().lock, JSON.stringify({ ...json(paths().lock), ...changes }))
    write(paths().run, { status: 'running' })
  }

  it.runIf(process.platform === 'linux').each([
    ['when it began, it does not say', () => null],
    ['when it began, it says', (pid: number) => began(pid)],
  ])('that names a process which does not train the run has nobody killed: %s', async (_, beginOf) => {
    const stranger = spawn('sleep', ['60'])
    try {
      await once(stranger, 'spawn')
      await lockOf({ pid: stranger.pid, began: beginOf(stranger.pid!) })
      expect(await call('runs.kill', { id })).toMatchObject({ ok: false, error: { code: 'run-busy' } })
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null])
    } finally {
      stranger.kill()
    }
  })

  /** When a process began, as Linux tells it. */
  const began = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19]!
})

describe('a text that is too long', () => {
  it('is refused in words that name it and its limit', async () => {
    expect(await call('runs.update', { id, name: 'x'.repeat(300) })).toMatchObject({
      ok: false,
      error: {
        code: 'bad-settings',
        message: 'The text for “name” is longer than 200 characters.',
        advice: 'Shorten it.',
      },
    })
    expect(await call('runs.update', { id, name: 'x'.repeat(200) })).toMatchObject({ ok: true })
  })
})

describe('the trash', () => {
  const isThere = existsSync('/dev/shm') && statSync('/dev/shm').dev !== statSync(original).dev

  it.runIf(isThere)('takes runs of another disk whole', async () => {
    const elsewhere = mkdtempSync('/dev/shm/saim-test-')
    try {
      cpSync(folder, path.join(elsewhere, id), { recursive: true })
      const before = readdirSync(folder, { recursive: true })
      await call('settings.set', { runsFolder: elsewhere })
      expect(await call('runs.remove', { id })).toEqual({ ok: true, value: undefined })
      expect(readdirSync(elsewhere)).toEqual([])
      expect(readdirSync(path.join(home, 'trash', id), { recursive: true })).toEqual(before)
    } finally {
      rmSync(elsewhere, { recursive: true })
    }
  })

  it('takes a run whose name is taken there, and keeps the other', async () => {
    expect(await call('runs.remove', { id })).toMatchObject({ ok: true })
    cpSync(trained, folder, { recursive: true })
    write(paths().run, { name: 'the second' })
    expect(await call('runs.remove', { id })).toMatchObject({ ok: true })
    expect(readdirSync(path.join(home, 'trash'))).toEqual([id, `${id}-2`])
    const second = json(runPaths(path.join(home, 'trash', `${id}-2`)).run)
    expect(second).toMatchObject({ name: 'the second' })
    expect(await call('runs.list')).toEqual({ ok: true, value: [] })
  })
})
