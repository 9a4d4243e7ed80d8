/**
 * `npm run bench -- soak [minutes]`: the services and a training process for a long time. Half of it one run trains by two
 * cores while pages are asked for; half of it runs are started, paused, resumed, stopped and removed. Prints how memory
 * moved and which processes, files and listeners were left.
 *
 * What runs is what `saim serve` runs, with the same allocators. Only memory-log.mjs comes in addition: it collects garbage
 * in each thread every few seconds and writes down what is in use then. The first third of a half warms up: until then code
 * is compiled and what is kept on purpose (2000 to 4000 metrics of a run, free memory of each thread) fills.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { forkNode } from '#platform/processes'
import { createServices } from '#app/backend'
import { readMetrics } from '#storage/run/metrics'
import type { Run } from '#shared/contract'
import { fromPreset } from '#shared/settings/hyperparameters'
import { median } from './median'

const minutes = Number(process.argv[2] ?? 30)
if (!process.execArgv.length) {
  // Processes that are forked, and threads, take these over.
  const flags = ['--expose-gc', '--import', path.resolve('test/bench/memory-log.mjs')]
  const parameters = [...flags, ...process.argv.slice(1)]
  process.exit(spawnSync(process.execPath, parameters, { stdio: 'inherit' }).status ?? 1)
}
const home = mkdtempSync(path.join(tmpdir(), 'saim-soak-'))
process.env['SAIM_HOME'] = home
process.env['MEMORY_LOG'] = path.join(home, 'memory.jsonl')

const { calls, close } = createServices({ kind: 'browser', fork: forkNode }, () => undefined)
const seconds = () => performance.now() / 1000
const sleep = (s: number) => new Promise((resolve) => setTimeout(resolve, s * 1000))

/** Files, sockets and pipes that this process holds; null where the system does not tell. */
const openFiles = () => {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return null
  }
}
const children = () => {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).length
  } catch {
    return null
  }
}
const listeners = () =>
  process.eventNames().reduce((sum, name) => sum + process.listenerCount(name as 'exit'), 0)
const timers = () => process.getActiveResourcesInfo().length

/** What memory-log.mjs writes, in bytes: `heap` is used, `free` is what V8 holds beyond that. */
interface Sample {
  at: number
  program: string
  pid: number
  thread: number
  heap: number
  free: number
  resident: number
}

/** Prints how the memory of a process moved since a time: its heap, what is in use (resident but not free), all. */
function printMemory(title: string, program: string, since: number): void {
  const lines = readFileSync(process.env['MEMORY_LOG']!, 'utf8').trim().split('\n')
  const samples = lines.map((line) => JSON.parse(line) as Sample).filter(({ at }) => at >= since)
  const { pid } = samples.find((sample) => sample.program === program)!
  const threads = new Map<number, Sample>()
  const seen = samples.flatMap((sample) => {
    if (sample.pid !== pid) return []
    threads.set(sample.thread, sample)
    const alive = [...threads.values()].filter(({ at }) => sample.at - at < 10_000)
    const freeOfAll = alive.reduce((sum, { free }) => sum + free, 0)
    return sample.thread === 0 ? [{ ...sample, inUse: sample.resident - freeOfAll }] : []
  })
  for (const name of ['heap', 'inUse', 'resident'] as const)
    console.log(`  ${title}, ${name.padEnd(9)} ${movement(seen.map((sample) => sample[name]))}`)
}

/** How the median moved from the third to the last sixth of a time. */
function movement(values: number[]): string {
  const sixth = Math.max(1, Math.floor(values.length / 6))
  const [early, late] = [median(values.slice(2 * sixth, 3 * sixth)), median(values.slice(-sixth))]
  return `${(early / 1e6).toFixed(1)} -> ${(late / 1e6).toFixed(1)} MB, ${((100 * (late - early)) / early).toFixed(2)} %`
}

/** What pages ask for. */
async function look(id: string): Promise<void> {
  await calls['runs.list']()
  await calls['runs.metrics']({ id, points: 2000 })
  await calls['runs.checkpoints']({ id })
  await calls['runs.log']({ id })
  await calls['runs.disk']()
}

/** Waits for a run to be so. Throws where it failed instead. */
async function until(id: string, isSo: (run: Run) => boolean): Promise<void> {
  for (;;) {
    const run = await calls['runs.get']({ id })
    if (isSo(run)) return
    if (run.error) throw new Error(run.error.message)
    await sleep(0.1)
  }
}

async function main(): Promise<void> {
  await calls['settings.set']({ threads: 2, decoders: 1 })
  const added = await calls['datasets.addSample']()
  while ((await calls['datasets.list']())[0]!.status === 'scanning') await sleep(0.2)
  const settings = (changes: object) =>
    fromPreset('nano', {
      epochs: 10_000,
      imageSize: 16,
      patchSize: 4,
      width: 48,
      depth: 2,
      heads: 3,
      queryDepth: 2,
      keepEvery: 0,
      ...changes,
    })
  const start = (changes: object = {}) =>
    calls['runs.start']({ dataset: added.id, hyperparameters: settings(changes) })

  const { id, folder } = await start({ checkpointEvery: 1 })
  const half = (minutes * 60) / 2
  const training = Date.now()
  for (const end = seconds() + half; seconds() < end; await sleep(0.3)) await look(id)
  const metrics = await readMetrics(folder)
  console.log(`One run for ${(half / 60).toFixed(1)} minutes, ${metrics.length} steps:`)
  printMemory('training', 'training.js', training)
  printMemory('services', 'soak.cjs', training)
  await calls['runs.stop']({ id })

  const cycling = Date.now()
  let cycles = 0
  let first = { files: openFiles(), listeners: listeners(), resources: timers() }
  for (const end = seconds() + half; seconds() < end;) {
    const run = await start({ epochs: 100 })
    await until(run.id, ({ step }) => step >= 2)
    await calls['runs.pause']({ id: run.id })
    await calls['runs.resume']({ id: run.id })
    await until(run.id, ({ status }) => status === 'running')
    await look(run.id)
    await calls['runs.stop']({ id: run.id })
    await calls['runs.remove']({ id: run.id })
    await calls['runs.emptyTrash']()
    if (++cycles === 1) first = { files: openFiles(), listeners: listeners(), resources: timers() }
  }
  console.log(`${cycles} runs started, paused, resumed, stopped and removed:`)
  printMemory('services', 'soak.cjs', cycling)
  console.log(`  open files ${first.files} -> ${openFiles()}, listeners ${first.listeners} -> ${listeners()}`)
  console.log(`  active timers and handles ${first.resources} -> ${timers()}`)
  await close()
  await sleep(1)
  const left = readdirSync(home, { recursive: true }).filter((name) => String(name).endsWith('.tmp'))
  console.log(`After the end: ${children()} processes, ${left.length} temporary files`)
}

void main()
  .finally(close)
  .finally(() => rmSync(home, { recursive: true, force: true }))
