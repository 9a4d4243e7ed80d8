import { execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type CallName, evaluationMetric } from '#shared/contract'
import { evaluationKinds } from '#shared/settings/evaluation'
import { toErrorData } from '#shared/errors'
import { createServices, type Services } from '#app/backend'
import { answer } from '#app/bridge'
import { datasetId } from '#platform/paths'
import { beginOf } from '#platform/process-info'
import type { Child } from '#platform/processes'
import { Reserve } from '#storage/disk'
import { createEvaluation, evaluationPaths } from '#storage/evaluation-folder'
import { createExperiment, noteRun } from '#storage/experiment-file'
import { sha256 } from '#storage/files'
import { appendLine, lineOf } from '#storage/json-lines'
import { changeAnnotations } from '#storage/run/annotations'
import { loadNewestCheckpoint } from '#storage/run/checkpoint'
import { appendHealth, cutHealth } from '#storage/run/health-file'
import { cutMetrics } from '#storage/run/metrics'
import { appendLog, readRun, runPaths, updateRun } from '#storage/run/run-folder'
import { type Chance, chance, rounds } from '#test/helpers/fuzz'
import { temporaryFolder } from '#test/helpers/runs'

/**
 * Folders of runs as strangers and broken disks may leave them: records with odd values and right checksums, torn files, links
 * out of the folder, pipes, names that nobody gives. Every list still answers and shows the run that was not touched; what it
 * leaves out is named with its cause; calls are refused in words; nothing outside the folder changes, and no process ends.
 */
const count = rounds(20)
const random = chance('fuzz-run-folders')
// In memory where that is possible: nothing here is about the disk.
const root = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/saim-fuzz-') : temporaryFolder()
const [original, home, outside] = ['original', 'home', 'outside'].map((name) => path.join(root, name)) as [
  string,
  string,
  string,
]
process.env['SAIM_HOME'] = home
const [good, hurt] = ['good-run', 'hurt-run']
const decoy = spawn('sleep', ['100000'])
afterAll(() => {
  decoy.kill()
  rmSync(root, { recursive: true, force: true })
})

/** A process that ends at once: nothing is trained here. */
const fork = (): Child => ({
  pid: undefined,
  post: () => undefined,
  onMessage: () => undefined,
  onExit: (listener) => void setImmediate(() => listener(1, '')),
  kill: () => undefined,
})

async function makeOriginal(): Promise<void> {
  mkdirSync(outside)
  writeFileSync(path.join(outside, 'precious.json'), '{"name":"precious"}')
  writeFileSync(path.join(outside, 'notes.txt'), 'line\n'.repeat(100))
  for (const step of ['00000001', 'kept.1-1.tmp']) {
    mkdirSync(path.join(outside, step))
    writeFileSync(path.join(outside, step, 'state.json'), '{}')
  }
  mkdirSync(home)
  for (const id of [good, hurt]) {
    const folder = path.join(home, 'runs', id)
    cpSync('test/fixtures/run-0.1', folder, { recursive: true, filter: (file) => !/0[1-7]\.png$/.test(file) })
    await updateRun(folder, { id, name: id })
    await changeAnnotations(folder, { notes: 'Notes', tags: ['a'] })
    appendHealth(folder, { step: 2, epoch: 1, effectiveRank: 3, variance: 1, uniformity: -1, knn: 0.5 })
    const evaluation = await createEvaluation(
      folder,
      {
        plan: { kind: 'probe', settings: evaluationKinds.probe.schema.parse({}) },
        ...{ step: 2, dataset: { name: 'images', folder: '/images' }, engine: 'onnxruntime-cpu' },
        ...{ precision: 'float32', threads: 1, decoders: 1 },
      },
      null,
    )
    const paths = evaluationPaths(evaluation)
    const file = JSON.parse(readFileSync(paths.file, 'utf8')) as object
    writeFileSync(paths.file, JSON.stringify({ ...file, status: 'finished' }))
    const epoch = { epoch: 1, loss: 1, learningRate: 1, top1: 1, top5: 1, balanced: 1, seconds: 1 }
    appendLine(paths.metrics, evaluationMetric.parse(epoch))
    const score = { images: 1, top1: 1, top5: null, balanced: 1, perClass: [], confusion: [] }
    writeFileSync(paths.score, JSON.stringify(score))
  }
  const plan = { kind: 'ablation', ablation: 'pixels' } as never
  const { hyperparameters } = await readRun(path.join(home, 'runs', good))
  for (const run of [good, hurt]) {
    const id = await createExperiment({
      ...{ name: run, plan, seeds: 1, runsFolder: path.join(home, 'runs'), classes: 0 },
      dataset: { name: 'images', folder: '/images' },
      planned: [{ changes: { normalizePixels: false }, seed: 0, hyperparameters }],
    })
    await noteRun(id, 0, run)
  }
  mkdirSync(path.join(home, 'datasets'))
  for (const folder of ['/images', '/others']) {
    const id = datasetId(folder)
    const record = {
      ...{ id, name: id, folder, status: 'ready', images: 1, unreadable: 0, excluded: 0, bytes: 1 },
      ...{ classes: [], splits: { none: 1, train: 0, validation: 0, test: 0 }, sizes: null, checking: null },
      ...{ addedAt: '2026-01-01T00:00:00.000Z', scannedAt: null, error: null },
    }
    writeFileSync(path.join(home, 'datasets', `${id}.json`), JSON.stringify(record))
  }
  writeFileSync(path.join(home, 'settings.json'), JSON.stringify({ theme: 'dark', threads: 2 }))
  writeFileSync(path.join(home, 'queue.json'), JSON.stringify({ order: [hurt], held: true }))
  cpSync(home, original, { recursive: true })
}

/** All of a folder: names, contents, and what links lead to. */
function stateOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const file = path.join(folder, name)
    const info = lstatSync(file)
    if (info.isFile()) found[name] = sha256(readFileSync(file))
    else found[name] = info.isSymbolicLink() ? readlinkSync(file) : 'folder'
  }
  return found
}

const odd: unknown[] = [
  ...[
    null,
    true,
    -5,
    0,
    1.5,
    1e308,
    -1e308,
    2 ** 53,
    1e20,
    '',
    'a',
    '\u2028',
    '../../outside',
    '/etc/passwd',
  ],
  ...[
    'x'.repeat(5000),
    '__proto__',
    '<b>',
    '\u0000',
    [],
    [null],
    [[]],
    {},
    { a: { b: 1 } },
    '2026-01-01',
    'running',
  ],
  ...['starting', 'queued', 'finished', outside, 99, '3'],
]
/** What JSON cannot say, and some programs do. */
const raw = [
  'NaN',
  'Infinity',
  '1e999',
  '-1e999',
  '-0',
  '1e-999',
  '"\\ud800"',
  '99999999999999999999',
  '[1,]',
]

/** Another value in a random place of a JSON value. */
function mutate(value: unknown, { below, pick }: Chance): unknown {
  if (!(value instanceof Object) || below(4) === 0) return pick(odd)
  if (Array.isArray(value)) {
    if (!value.length) return [pick(odd)]
    const place = below(value.length)
    return value.map((item, i) => (i === place ? mutate(item, random) : item))
  }
  const names = Object.keys(value)
  if (!names.length || below(12) === 0)
    return { ...value, [pick(['extra', '__proto__', 'format'])]: pick(odd) }
  const name = pick(names)
  const { [name]: old, ...rest } = value as Record<string, unknown>
  return below(6) === 0 ? rest : { ...rest, [name]: mutate(old, random) }
}

/** As somebody writes a record who knows how to make its checksum. */
function writeSealed(file: string, value: object, text = JSON.stringify(value, null, 1)): void {
  const { pick, below } = random
  const changed = below(5) === 0 ? text.replace(/: (\d+|null)/, `: ${pick(raw)}`) : text
  const body = changed.slice(0, -2)
  writeFileSync(file, below(2) ? `${body},\n "sha256": "${sha256(body)}"\n}` : changed)
}

type Mutation = (files: string[], run: string) => string

const mutations: Mutation[] = [
  function values(files) {
    const json = files.filter((name) => /\.json(\.copy)?$/.test(name))
    const file = random.pick(json)
    const value = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    delete value['sha256']
    const changed = mutate(value, random)
    if (!(changed instanceof Object)) writeFileSync(file, JSON.stringify(changed))
    else writeSealed(file, changed)
    if (existsSync(`${file}.copy`) && random.below(4)) cpSync(file, `${file}.copy`)
    return file
  },
  function bytes(files) {
    const file = random.pick(files)
    const contents = readFileSync(file)
    const kind = random.below(5)
    if (kind === 0) contents[random.below(contents.length)]! ^= 1 << random.below(8)
    if (kind === 0) writeFileSync(file, contents)
    if (kind === 1) truncateSync(file, random.below(contents.length + 1))
    if (kind === 2) writeFileSync(file, random.bytes(random.below(300)))
    if (kind === 3) truncateSync(file, 3e9) // a hole: takes no space
    if (kind === 4) writeFileSync(file, Buffer.concat([Buffer.from('\ufeff'), contents]))
    return file
  },
  function lines(files) {
    const file = random.pick(files.filter((name) => name.endsWith('.jsonl')))
    const value = { ...(JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!) as object) } as Record<
      string,
      unknown
    >
    delete value['check']
    for (let n = random.below(20); n >= 0; n--) {
      const changed = random.below(3)
        ? { ...value, [random.pick(Object.keys(value))]: random.pick(odd) }
        : value
      const line = random.below(2) ? lineOf(changed) : `${JSON.stringify(changed)}\n`
      const text = random.below(4) ? line : line.replace(/:(-?\d[\d.e+-]*)/, `:${random.pick(raw)}`)
      writeFileSync(file, text, { flag: 'a' })
    }
    return file
  },
  function elsewhere(files, run) {
    const parts = [
      'checkpoints',
      'reconstructions',
      'failures',
      'evaluations',
      'initial',
      'log.txt',
      'launcher.txt',
    ]
    const more = [
      'lock',
      'request',
      'reserve',
      'outcome.json',
      'checkpoints/00000009',
      'metrics.jsonl',
      'health.jsonl',
    ]
    const file = random.below(2)
      ? random.pick(files.filter((name) => name.startsWith(run)))
      : path.join(run, random.pick([...parts, ...more]))
    rmSync(file, { recursive: true, force: true })
    const kind = random.below(6)
    const inside = path.join(outside, random.pick(['precious.json', 'notes.txt', '00000001', '.', 'new']))
    if (!existsSync(path.dirname(file))) return file
    if (kind === 0) execFileSync('mkfifo', [file])
    else if (kind === 1) mkdirSync(file)
    else if (kind === 2)
      symlinkSync(random.pick(['.', '..', path.basename(file), '/dev/zero', '/dev/stdin']), file)
    else if (kind < 5) symlinkSync(inside, file)
    return file
  },
  function names(_, run) {
    const { pick } = random
    const odd = [
      'Run (copy)',
      'größe',
      'x\ny',
      '-rf',
      '__proto__',
      'constructor',
      '.hidden',
      'a'.repeat(200),
      '\u2028',
    ]
    const name = pick(odd)
    const [place, from] = pick([
      [path.dirname(run), run],
      [path.join(run, 'checkpoints'), path.join(run, 'checkpoints', '00000002')],
      [path.join(run, 'evaluations'), run],
    ])
    const steps = [
      '99999999999999999999',
      '00000000',
      '0000000a',
      '00000002.1-1.tmp',
      'mine.1-1.tmp',
      '00000003.damaged',
    ]
    if (lstatSync(place!, { throwIfNoEntry: false })?.isDirectory() && existsSync(from!))
      cpSync(from!, path.join(place!, place!.endsWith('checkpoints') ? pick([...steps, name]) : name), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (each) => lstatSync(each).isFile() || lstatSync(each).isDirectory(),
      })
    return name
  },
  function locks(_, run) {
    const pid = random.pick([0, -1, 1, decoy.pid!, process.pid, process.ppid, 2 ** 31, 1.5])
    const machine = [
      execFileSync('hostname').toString().trim(),
      readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      readlinkSync('/proc/self/ns/pid'),
    ].join(' ')
    const began = random.pick([null, beginOf(pid), '1'])
    const lock = { pid, host: 'here', machine: random.pick([machine, 'elsewhere']), began, token: 'a' }
    for (const file of [runPaths(run).lock, runPaths(run).request])
      rmSync(file, { recursive: true, force: true })
    writeFileSync(runPaths(run).lock, JSON.stringify(lock))
    writeFileSync(runPaths(run).request, random.pick(['paused', 'stopped', 'x'.repeat(1e5)]))
    return `of ${pid}`
  },
]

/** Files that may be hurt: those of the run that is not the good one, and what lies beside the runs. */
function filesOf(folder: string): string[] {
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => !name.includes(good))
  return files
    .map((name) => path.join(folder, name))
    .filter((file) => realpathSync(path.dirname(file)) === path.dirname(file)) // not what a link leads to
    .filter((file) => lstatSync(file).isFile() && !file.endsWith('.png') && statSync(file).size < 1e6)
    .filter((file) => !/experiment-.*json$/.test(file) || readFileSync(file, 'utf8').includes(hurt))
    .filter((file) => !file.endsWith(`${datasetId('/images')}.json`))
}

const tally: Record<string, number> = {}
const counted = (name: string) => void (tally[name] = (tally[name] ?? 0) + 1)

/** A call as a window makes it. It is answered, in time, and refused in words where it is refused. */
async function ask(services: Services, name: CallName, input?: unknown): Promise<unknown> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`${name} is not answered`)), 20_000).unref()
  })
  const said = await Promise.race([answer(services, name, input), late])
  counted(said.ok ? 'answered' : 'refused')
  if (said.ok) return said.value
  if (said.error.code === 'unexpected')
    throw new Error(`${name} is refused without words: ${said.error.message}`)
  return said.error
}

/** A list: it is answered, whatever lies in its folder. */
async function list<T>(services: Services, name: CallName, input?: unknown): Promise<T[]> {
  const value = await ask(services, name, input)
  if (!Array.isArray(value)) throw new Error(`${name} gives no list: ${JSON.stringify(value)}`)
  return value as T[]
}

interface Named {
  id: string
  name: string
}

async function lookAtAll(services: Services): Promise<void> {
  const runs = await list<Named>(services, 'runs.list')
  const unreadable = await list<{ kind: string; path: string; reason: string }>(services, 'app.unreadable')
  const told = (kind: string) => unreadable.filter((each) => each.kind === kind)
  for (const { reason } of unreadable) expect(reason.length).toBeGreaterThan(5)
  const there = readdirSync(path.join(home, 'runs')).filter((name) =>
    ['run.json', 'run.json.copy'].some((file) => existsSync(path.join(home, 'runs', name, file))),
  )
  const named = [...runs.map(({ id }) => id), ...told('run').map((each) => path.basename(each.path))]
  expect(named.sort()).toEqual(there.sort())
  counted(`runs shown ${runs.length}`)
  unreadable.forEach(({ kind }) => counted(`named: ${kind}`))
  expect(runs.find(({ id }) => id === good)).toMatchObject({
    name: good,
    notes: 'Notes',
    step: 2,
    totalSteps: 2,
  })

  expect(
    (await list<{ run: string }>(services, 'evaluations.list', {})).some(({ run }) => run === good),
  ).toBe(true)
  expect((await list<Named>(services, 'experiments.list')).some(({ name }) => name === good)).toBe(true)
  const datasets = await list<Named>(services, 'datasets.list')
  expect(datasets.some(({ id }) => id === datasetId('/images'))).toBe(true)
  expect(datasets.length + told('dataset').length).toBe(existsSync(other) ? 2 : 1)
  expect(await ask(services, 'runs.disk')).toMatchObject({ runs: expect.any(Array) })
  expect(await ask(services, 'runs.queue')).toMatchObject({ ids: expect.any(Array) })
  expect(await ask(services, 'settings.get')).toMatchObject({ theme: expect.any(String) })
  for (const { id } of [...runs, { id: hurt }]) await useRun(services, id)
  for (const { id } of await list<Named>(services, 'experiments.list'))
    await ask(services, 'experiments.get', { id })
}
const other = path.join(home, 'datasets', `${datasetId('/others')}.json`)

async function useRun(services: Services, id: string): Promise<void> {
  for (const name of ['runs.get', 'runs.checkpoints', 'runs.log'] as const) await ask(services, name, { id })
  await ask(services, 'runs.metrics', { id, points: 2 })
  await ask(services, 'runs.metrics', { id, points: 2000, after: 1 })
  await ask(services, 'inspect.health', { run: id })
  const evaluations = await ask(services, 'evaluations.list', { run: id })
  for (const each of Array.isArray(evaluations) ? (evaluations as Named[]) : [])
    for (const name of ['evaluations.metrics', 'evaluations.score'] as const)
      await ask(services, name, { run: id, id: each.id })
  await services.file(`reconstruction/${id}/2/00.png`)
  if (id === good) return
  await ask(services, 'runs.kill', { id })
  await ask(services, 'runs.update', { id, pinned: true })
  await ask(services, 'runs.prune', { id, keepEvery: 0, keepBest: 0 })
}

/** What a training process does to a folder before its first step. Refusals are words. */
async function beginTraining(folder: string): Promise<void> {
  const steps: (() => unknown)[] = [
    () => readRun(folder),
    () => loadNewestCheckpoint(folder, () => undefined),
    () => cutMetrics(folder, 1),
    () => cutHealth(folder, 1),
    () => appendLog(folder, 'Goes on.'),
    () => new Reserve(runPaths(folder).reserve).release(),
    () => updateRun(folder, { status: 'paused' }),
  ]
  for (const step of steps)
    try {
      await step()
      counted('training: went on')
    } catch (error) {
      counted('training: refused')
      if (toErrorData(error).code === 'unexpected') throw error
      return
    }
}

it(`${count} hurt folders of runs cost nothing else`, { timeout: 24 * 3600_000 }, async () => {
  await makeOriginal()
  const before = stateOf(outside)
  const quiet = console.error
  console.error = () => undefined
  const began = Date.now()
  try {
    for (let round = 0; round < count; round++) {
      if (process.env['FUZZ_TIMES']) console.log(round, Date.now() - began)
      rmSync(home, { recursive: true, force: true })
      cpSync(original, home, { recursive: true, verbatimSymlinks: true })
      const run = path.join(home, 'runs', hurt)
      const done: string[] = []
      for (let n = random.below(3); n >= 0; n--) {
        const mutation = random.pick(mutations)
        if (!existsSync(run)) break
        try {
          done.push(`${mutation.name} ${mutation(filesOf(home), run)}`)
          counted(`hurt: ${mutation.name}`)
        } catch (error) {
          // What an earlier one left cannot be hurt so.
          if (!(error instanceof SyntaxError || (error as NodeJS.ErrnoException).code)) throw error
        }
      }
      const services = createServices({ kind: 'browser', fork }, () => undefined)
      try {
        await lookAtAll(services)
        await beginTraining(run)
        await ask(services, 'runs.remove', { id: hurt })
        expect(stateOf(outside)).toEqual(before)
        expect(decoy.exitCode ?? decoy.signalCode).toBeNull()
      } catch (error) {
        throw new Error(`After ${done.join(', ')}`, { cause: error })
      } finally {
        await services.close()
      }
    }
  } finally {
    console.error = quiet
  }
  console.log(`${count} rounds, ${(Date.now() - began) / 1000} s: ${JSON.stringify(tally)}`)
})
