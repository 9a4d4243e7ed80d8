/**
 * `npm run record`: asks a new `saim serve` what the pages ask, with the sample images and a tiny run, and keeps the answers in
 * src-renderer/dev/recordings for `npm run dev:mock` and the gallery. A call is recorded by adding it to `walk`.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { runnerImport } from 'vite'
import WebSocket from 'ws'

const target = 'src-renderer/dev/recordings'
/** The longest lists that are kept. */
const most = 60

const { module } = await runnerImport('./src-shared/settings/hyperparameters.ts')
const hyperparameters = module.fromPreset('nano', {
  ...{ imageSize: 32, patchSize: 8, width: 32, depth: 2, heads: 2, queryDepth: 2, batchSize: 64 },
  ...{ epochs: 4, warmupEpochs: 1, checkpointEvery: 2 },
})

const home = mkdtempSync(path.join(tmpdir(), 'saim-record-'))
const server = spawn('node', ['out/main/cli.js', 'serve', '--root', home], {
  env: { ...process.env, SAIM_HOME: home },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const recordings = []
const files = new Set()
const { call, ask, load } = await connect()
try {
  await walk()
  await keep()
} finally {
  server.kill('SIGINT')
  await new Promise((resolve) => server.on('exit', resolve))
  rmSync(home, { recursive: true, force: true })
}

async function walk() {
  const { id: dataset } = await ask('datasets.addSample')
  await until('datasets.list', undefined, ([{ status }]) => status === 'ready')
  await call('app.listFolders', { path: home })
  await call('datasets.list')
  await call('datasets.watch', { id: dataset })
  await call('datasets.images', { id: dataset, offset: 0, limit: most })
  await call('datasets.unreadable', { id: dataset, offset: 0, limit: most })
  await call('datasets.report', { id: dataset })
  await call('datasets.clusters', { id: dataset })
  await call('datasets.odd', { id: dataset })
  await call('datasets.duplicates', { id: dataset, kind: 'near', offset: 0, limit: most })
  await call('runs.estimate', { dataset, hyperparameters: [hyperparameters] })
  await call('runs.sample')

  const started = { dataset, hyperparameters, name: 'A tiny run' }
  const { id } = await call('runs.start', started)
  await until('runs.get', { id }, ({ status }) => status === 'finished')
  for (const name of ['runs.list', 'runs.queue', 'runs.disk']) await call(name)
  for (const name of ['runs.get', 'runs.checkpoints', 'runs.log']) await call(name, { id })
  await call('runs.metrics', { id, points: 600 })
  await call('runs.sketches', { ids: [id] })
  await call('inspect.health', { run: id })

  await call('runs.expect', { dataset, hyperparameters })

  const { step } = (await ask('runs.checkpoints', { id })).at(-1)
  const fixed = await call('inspect.fixedImages', { run: id })
  const image = { source: { kind: 'run', id }, path: fixed[0] }
  const question = { run: id, step, image, order: { kind: 'random', seed: 0 } }
  await call('inspect.reconstruct', question)
  await call('inspect.unroll', { ...question, mode: 'teacher', given: 0 })
  await call('inspect.attention', { ...question, view: 'full', token: 0 })
  const embeddings = { run: id, step, source: { kind: 'dataset', id: dataset }, limit: most }
  await call('inspect.embed', embeddings)
  await call('inspect.map', { ...embeddings, feature: 'pooled', method: 'pca' })
  await call('inspect.extremes', { ...embeddings, by: 'odd', feature: 'pooled', count: 12 })
  await call('inspect.neighbours', { ...embeddings, feature: 'pooled', path: fixed[0], count: 12 })

  const plan = { kind: 'knn', settings: {} }
  const { id: evaluation } = await call('evaluations.start', { run: id, step: null, plan })
  const place = { run: id, id: evaluation }
  await until('evaluations.list', {}, ([{ status }]) => status === 'finished')
  await call('evaluations.list', {})
  for (const name of ['evaluations.metrics', 'evaluations.score']) await call(name, place)

  await call('classifiers.list')

  const shared = { ...hyperparameters, epochs: 1, warmupEpochs: 0 }
  const sweep = {
    kind: 'vary',
    combine: 'list',
    axes: [{ setting: 'order', values: ['stochastic', 'raster'] }],
  }
  const experiment = await call('experiments.start', {
    ...{ name: 'Two orders', dataset, hyperparameters: shared, plan: sweep, seeds: 1 },
  })
  await until('runs.list', undefined, (runs) => runs.every(({ status }) => status === 'finished'))
  await setTimeout(3000) // what the runs learned is measured after they end
  await call('experiments.list')
  await call('experiments.get', { id: experiment.id })
  await call('exports.plan', { id })
  await call('exports.create', { id, format: 'safetensors', folder: home })
  for (const name of ['app.info', 'app.load', 'settings.get', 'app.unreadable', 'engines.list'])
    await call(name)
  for (const name of ['notifications.list', 'notifications.see', 'runs.waits']) await call(name)
  await call('runs.prunable', { rules: [0, 5].map((keepEvery) => ({ keepEvery, keepBest: 1 })) })
  await call('settings.set', {})
  await call('runs.list')
}

/** Asks until the answer is as it should be. */
async function until(name, input, isDone) {
  for (;;) {
    const answer = await ask(name, input)
    if (isDone(answer)) return answer
    await setTimeout(250)
  }
}

/** Writes the answers without places of this machine, and the pictures that they name. */
async function keep() {
  rmSync(target, { recursive: true, force: true })
  for (const file of files) {
    const picture = await load(file)
    if (!picture) continue
    mkdirSync(path.join(target, 'files', path.dirname(file)), { recursive: true })
    writeFileSync(path.join(target, 'files', file), picture)
  }
  const places = {
    [home]: '/home/you/saim',
    [process.cwd()]: '/home/you/saim-studio',
    [homedir()]: '/home/you',
  }
  const text = Object.entries(places).reduce(
    (text, [place, name]) => text.replaceAll(JSON.stringify(place).slice(1, -1), name),
    JSON.stringify(recordings, null, 1),
  )
  writeFileSync(path.join(target, 'calls.json'), text + '\n')
  console.log(`${recordings.length} answers and ${files.size} pictures in ${target}.`)
}

async function connect() {
  const url = await new Promise((resolve) =>
    server.stdout.on('data', (text) => resolve(/http:\S+/.exec(text)?.[0])),
  )
  const { origin } = new URL(url)
  const opened = await fetch(url, { redirect: 'manual' })
  const [, key] = opened.headers.get('location').split('#key=')
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/rpc`, ['saim', key], { headers: { origin } })
  const waiting = new Map()
  socket.on('message', (data) => {
    const { t, i, r } = JSON.parse(data)
    if (t === 's') waiting.get(i)?.(r)
  })
  await new Promise((resolve) => socket.once('open', resolve))
  let count = 0
  const ask = async (name, input) => {
    const i = String(count++)
    const answer = new Promise((resolve) => waiting.set(i, resolve))
    socket.send(JSON.stringify({ t: 'q', m: 'call', a: [name, input], i }))
    const { ok, value, error } = await answer
    if (!ok) throw new Error(`${name}: ${error.message}`)
    return value
  }
  return {
    /** Asks without recording. */
    ask,
    /** Asks and records the answer, in place of an earlier one to the same question. */
    call: async (name, input) => {
      const output = await ask(name, input)
      const isSame = (other) => other.call === name && JSON.stringify(other.input) === JSON.stringify(input)
      const place = recordings.findIndex(isSame)
      recordings.splice(place < 0 ? recordings.length : place, place < 0 ? 0 : 1, {
        call: name,
        input,
        output,
      })
      for (const [file] of (JSON.stringify(output) ?? '').matchAll(
        /(?:run|inspect|evaluation)[\w-]*\/[^"]+\.png/g,
      ))
        files.add(file)
      return output
    },
    load: async (file) => {
      const response = await fetch(`${origin}/files/${key.split('.')[1]}/${file}`)
      return response.ok ? Buffer.from(await response.arrayBuffer()) : null
    },
  }
}
