/**
 * `npm run bench -- soak [minutes]`: the services and a training process for a long time. Half of it one run trains while
 * pages are asked for; half of it runs are started, paused, resumed, stopped and removed. Prints how memory moved and
 * which processes, files and listeners were left. Training has one thread, so that the machine can do other work meanwhile.
 *
 * Memory that is free, but kept for the next time, would look like a leak until it is as large as it is ever needed. So
 * here glibc has one arena instead of one for each thread and gives back what is free, and V8's young generation stays
 * small, in this process and those that it forks: what grows then is in use.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { forkNode } from '../../src-main/port'
import { createServices } from '../../src-main/services/backend'
import { readMetrics } from '../../src-main/training/metrics'
import type { Run } from '../../src-shared/contract'
import { fromPreset } from '../../src-shared/hyperparameters'

const minutes = Number(process.argv[2] ?? 30)
if (!process.execArgv.length) {
  const flags = ['--expose-gc', '--max-semi-space-size=2', ...process.argv.slice(1)]
  const malloc = ['arena_max=1', 'trim_threshold=65536', 'mmap_threshold=65536']
  const env = { ...process.env, GLIBC_TUNABLES: malloc.map((setting) => `glibc.malloc.${setting}`).join(':') }
  process.exit(spawnSync(process.execPath, flags, { stdio: 'inherit', env }).status ?? 1)
}
const home = mkdtempSync(path.join(tmpdir(), 'saim-soak-'))
process.env['SAIM_HOME'] = home

const { calls, close } = createServices({ kind: 'browser', fork: forkNode }, () => undefined)
const seconds = () => performance.now() / 1000
const sleep = (s: number) => new Promise((resolve) => setTimeout(resolve, s * 1000))
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length

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

interface Sample {
  heap: number
  resident: number
}
function sample(): Sample {
  globalThis.gc!()
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed, resident: rss }
}

/** How a value moved from the third to the last sixth of a time: until then code is still being compiled. */
function movement(values: number[]): string {
  const sixth = Math.max(1, Math.floor(values.length / 6))
  const [early, late] = [mean(values.slice(2 * sixth, 3 * sixth)), mean(values.slice(-sixth))]
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
  await calls['settings.set']({ threads: 1, decoders: 1 })
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
  const samples: Sample[] = []
  for (const end = seconds() + half; seconds() < end; await sleep(0.3)) {
    await look(id)
    samples.push(sample())
  }
  const metrics = await readMetrics(folder)
  console.log(`One run for ${(half / 60).toFixed(1)} minutes, ${metrics.length} steps:`)
  console.log(`  training process, resident  ${movement(metrics.map(({ memory }) => memory))}`)
  console.log(`  services, heap              ${movement(samples.map(({ heap }) => heap))}`)
  console.log(`  services, resident          ${movement(samples.map(({ resident }) => resident))}`)
  await calls['runs.stop']({ id })

  const cycles: Sample[] = []
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
    cycles.push(sample())
    if (cycles.length === 1) first = { files: openFiles(), listeners: listeners(), resources: timers() }
  }
  console.log(`${cycles.length} runs started, paused, resumed, stopped and removed:`)
  console.log(`  services, heap              ${movement(cycles.map(({ heap }) => heap))}`)
  console.log(`  services, resident          ${movement(cycles.map(({ resident }) => resident))}`)
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
