import { appendFileSync, existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { type Checkpoint, type Metric, metric, runStatus } from '../../src-shared/contract'
import { AppError } from '../../src-shared/errors'
import { hyperparametersSchema } from '../../src-shared/hyperparameters'
import { appVersion } from '../../src-shared/version'
import type { ImageFile } from '../data/scan'
import { writeFileSafely } from './files'

/**
 * The run folder, the one truth about a run for window, command line and headless machines:
 *   run.json           settings, data set, engine, status
 *   dataset.json       the images that the run uses
 *   metrics.jsonl      a line for each step
 *   checkpoints/<step> weights, optimizer state, place
 *   reconstructions/<step>
 *   log.txt, heartbeat
 */
export const runFileSchema = z.object({
  format: z.literal(1),
  id: z.string(),
  name: z.string(),
  status: runStatus.exclude(['interrupted']),
  dataset: z.object({ name: z.string(), folder: z.string(), images: z.int() }),
  hyperparameters: hyperparametersSchema,
  engine: z.string(),
  /** Threads of the engine and of the decoders; 0 lets them choose. */
  threads: z.int(),
  decoders: z.int(),
  versions: z.object({ app: z.string(), node: z.string() }),
  createdAt: z.string(),
  updatedAt: z.string(),
  step: z.int(),
  totalSteps: z.int(),
  error: z.object({ code: z.string(), message: z.string(), advice: z.string().optional() }).nullable(),
  /** The process that trains, while one does. */
  process: z.object({ pid: z.int(), host: z.string() }).nullable(),
})
export type RunFile = z.infer<typeof runFileSchema>

export const runPaths = (folder: string) => ({
  run: path.join(folder, 'run.json'),
  manifest: path.join(folder, 'dataset.json'),
  metrics: path.join(folder, 'metrics.jsonl'),
  log: path.join(folder, 'log.txt'),
  heartbeat: path.join(folder, 'heartbeat'),
  checkpoints: path.join(folder, 'checkpoints'),
  checkpoint: (step: number) => path.join(folder, 'checkpoints', stepName(step)),
  reconstructionsRoot: path.join(folder, 'reconstructions'),
  reconstructions: (step: number) => path.join(folder, 'reconstructions', stepName(step)),
})

const stepName = (step: number) => String(step).padStart(8, '0')

/** What a person chooses about a new run. */
export type NewRun = Pick<RunFile, 'name' | 'dataset' | 'hyperparameters' | 'engine' | 'threads' | 'decoders'>

/** Makes the folder of a new run on `images` below `runsFolder`, ready for a training process, and answers it. */
export async function createRun(
  runsFolder: string,
  { images, ...chosen }: NewRun & { images: ImageFile[] },
): Promise<string> {
  const now = new Date().toISOString()
  const id = newId(chosen.name, now)
  const folder = path.join(runsFolder, id)
  await mkdir(folder, { recursive: true })
  const run: RunFile = {
    format: 1,
    id,
    ...chosen,
    status: 'starting',
    versions: { app: appVersion, node: process.version },
    createdAt: now,
    updatedAt: now,
    step: 0,
    totalSteps: 0,
    error: null,
    process: null,
  }
  await writeFileSafely(runPaths(folder).manifest, JSON.stringify(images))
  await writeFileSafely(runPaths(folder).run, JSON.stringify(run, null, 2))
  return folder
}

/** Such as `emoji-nano-20261124-143000-x7k2`: readable, sorts by time, safe in paths and addresses. */
function newId(name: string, now: string): string {
  const words = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40)
  const time = now.replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return [words || 'run', time, Math.random().toString(36).slice(2, 6).padEnd(4, '0')].join('-')
}

/** Reads run.json. Throws AppError run-missing where there is none that can be read. */
export async function readRun(folder: string): Promise<RunFile> {
  try {
    return runFileSchema.parse(JSON.parse(await readFile(runPaths(folder).run, 'utf8')))
  } catch (error) {
    const reason = existsSync(runPaths(folder).run)
      ? `its run.json is damaged (${error})`
      : 'it has no run.json'
    throw new AppError(
      'run-missing',
      `${folder} is not a run: ${reason}.`,
      'Choose a folder below the runs folder.',
    )
  }
}

export async function updateRun(folder: string, changes: Partial<RunFile>): Promise<RunFile> {
  const run = { ...(await readRun(folder)), ...changes, updatedAt: new Date().toISOString() }
  await writeFileSafely(runPaths(folder).run, JSON.stringify(run, null, 2))
  return run
}

/** A heartbeat is touched every 2 seconds; one older than this has stopped. */
const heartbeatLimit = 15_000

/** Whether a process trains this run now. */
export async function isAlive(folder: string, run: RunFile): Promise<boolean> {
  if (!run.process) return false
  if (run.process.host === hostname() && !processExists(run.process.pid)) return false
  const beat = await stat(runPaths(folder).heartbeat).catch(() => null)
  return beat !== null && Date.now() - beat.mtimeMs < heartbeatLimit
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export const appendMetric = (folder: string, line: Metric) =>
  appendFileSync(runPaths(folder).metrics, `${JSON.stringify(line)}\n`)

/** Appends a line to log.txt and answers it as written. */
export function appendLog(folder: string, text: string): string {
  const line = `${new Date().toISOString()} ${text}\n`
  appendFileSync(runPaths(folder).log, line)
  return line
}

/**
 * Whole lines of metrics.jsonl from a byte on. A line that is not finished yet is left for the next time. Where the
 * file became shorter (a resume cut it), everything is read anew and `cut` is true.
 */
export async function tailMetrics(
  folder: string,
  fromByte: number,
): Promise<{ metrics: Metric[]; nextByte: number; cut: boolean }> {
  const handle = await open(runPaths(folder).metrics, 'r').catch(() => null)
  if (!handle) return { metrics: [], nextByte: 0, cut: fromByte > 0 }
  try {
    const { size } = await handle.stat()
    const cut = size < fromByte
    const start = cut ? 0 : fromByte
    const bytes = Buffer.alloc(size - start)
    await handle.read(bytes, 0, bytes.length, start)
    const end = bytes.lastIndexOf('\n') + 1
    const metrics = bytes.toString('utf8', 0, end).split('\n').flatMap(parseMetric)
    return { metrics, nextByte: start + end, cut }
  } finally {
    await handle.close()
  }
}

/** The last metric, read from the end of the file; null before the first step. */
export async function lastMetric(folder: string): Promise<Metric | null> {
  const { size } = await stat(runPaths(folder).metrics).catch(() => ({ size: 0 }))
  return size ? ((await tailMetrics(folder, Math.max(0, size - 2000))).metrics.at(-1) ?? null) : null
}

/** All metrics, or those after a step. */
export async function readMetrics(folder: string, { after = -1 } = {}): Promise<Metric[]> {
  return (await tailMetrics(folder, 0)).metrics.filter(({ step }) => step > after)
}

function parseMetric(line: string): Metric[] {
  if (!line) return []
  try {
    return [metric.parse(JSON.parse(line))]
  } catch {
    return []
  }
}

/** Cuts the metrics after a step, when training goes on from that step's checkpoint. */
export async function cutMetrics(folder: string, step: number): Promise<void> {
  if (!existsSync(runPaths(folder).metrics)) return
  const kept = (await readMetrics(folder)).filter((line) => line.step <= step)
  await writeFileSafely(runPaths(folder).metrics, kept.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

/** What a checkpoint's state.json says. */
export const checkpointStateSchema = z.object({
  step: z.int(),
  epoch: z.number(),
  loss: z.number().nullable(),
  seconds: z.number(),
  savedAt: z.string(),
})
export type CheckpointState = z.infer<typeof checkpointStateSchema>

/** The steps that have a checkpoint, in order. */
export async function checkpointSteps(folder: string): Promise<number[]> {
  const names = await readdir(runPaths(folder).checkpoints).catch(() => [])
  return names
    .filter((name) => /^\d{8}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/** The checkpoints with their sizes and reconstructions, oldest first. */
export async function listCheckpoints(folder: string): Promise<Checkpoint[]> {
  const found = (await checkpointSteps(folder)).map((step) => describeCheckpoint(folder, step))
  return (await Promise.all(found)).flat()
}

async function describeCheckpoint(folder: string, step: number): Promise<Checkpoint[]> {
  const paths = runPaths(folder)
  const file = path.join(paths.checkpoint(step), 'state.json')
  const state = await readFile(file, 'utf8').then(
    (text) => checkpointStateSchema.parse(JSON.parse(text)),
    () => null,
  )
  if (!state) return []
  const sizes = await Promise.all(
    (await readdir(paths.checkpoint(step))).map(
      async (name) => (await stat(path.join(paths.checkpoint(step), name))).size,
    ),
  )
  const images = await readdir(paths.reconstructions(step)).catch(() => [])
  return [
    {
      step,
      epoch: state.epoch,
      loss: state.loss,
      bytes: sizes.reduce((a, b) => a + b, 0),
      savedAt: state.savedAt,
      reconstructions: images
        .filter((name) => /^\d+\.png$/.test(name))
        .sort()
        .map((name) => `reconstruction/${path.basename(folder)}/${step}/${name}`),
    },
  ]
}
