import path from 'node:path'
import { z } from 'zod'
import { count, filePath } from '#shared/contract/common'
import { cluster, runError, runOrigin, runStatus, seam, type Split } from '#shared/contract'
import { AppError } from '#shared/errors'
import { type Hyperparameters, hyperparametersSchema, withChanges } from '#shared/settings/hyperparameters'
import { appVersion } from '#shared/version'
import { imageNetStatistics } from '#shared/image-net'
import { reasonOf } from '#shared/system-errors'
import type { FileContents } from '#formats/bytes'
import { Damaged, makeFolderSafely, writeFolderSafely } from '#storage/files'
import { appendOwn, isMissing, requireOwnFolder, unreadableNow } from '#storage/own-files'
import { readRecord, writeRecord } from '#storage/record'
import { migrateRun, runFormat } from './format'

/**
 * The run folder, the one truth about a run for window, command line and headless machines:
 *   run.json           settings, data set, engine, status: a record, kept twice
 *   dataset.json       the images that the run uses, see data/manifest.ts: a record, kept twice
 *   initial/           the weights that it began with, where those are another run's
 *   metrics.jsonl      a line for each step
 *   checkpoints/<step> weights, optimizer state, place; <step>.damaged where one cannot be read
 *   reconstructions/<step>
 *   evaluations/<name> see evaluation-folder.ts
 *   failures/<step>    the batch of a step that gave no number
 *   log.txt
 *   launcher.txt       what the launcher of a cluster said
 *   reserve            space kept back for the last words on a full disk
 *   outcome.json       what the workers of a cluster say of their end, until the process that started them tells it
 *   request            paused or stopped: what a program that does not train it asks of the one that does
 *   lock               who trains it, while somebody does; its time is their heartbeat
 */
export const runFileSchema = z.object({
  format: z.literal(runFormat),
  id: z.string(),
  name: z.string(),
  status: runStatus.exclude(['interrupted']),
  /** `images` are those to train on, `validation` those held out. */
  dataset: z.object({
    name: z.string(),
    folder: filePath,
    images: count,
    validation: count,
  }),
  /** By which the channels of pixels are normalised. */
  statistics: z.object({ mean: z.array(z.number()).length(3), deviation: z.array(z.number()).length(3) }),
  hyperparameters: hyperparametersSchema,
  engine: z.string(),
  /** Who trains it in place of the engine. */
  cluster: cluster.nullable(),
  /** Engines that trained it, each from a step on. */
  engines: z.array(z.object({ id: z.string(), fromStep: count, at: z.string() })),
  /** What the person should know of how it runs, such as that another engine stepped in. */
  notice: z.string().nullable(),
  /** Threads of the engine and of the decoders; 0 lets them choose. */
  threads: count,
  decoders: count,
  /** Megabytes of memory for decoded images; null lets them choose, and takes from the disk too. */
  cache: count.nullable(),
  versions: z.object({ app: z.string(), node: z.string() }),
  createdAt: z.string(),
  updatedAt: z.string(),
  step: count,
  totalSteps: count,
  error: runError.nullable(),
  /** Where it went on after a pause or a crash, and what a person changed then. */
  seams: z.array(seam),
  pendingChanges: seam.shape.changes,
  /** The run whose weights it began with. */
  origin: runOrigin.nullable(),
})
export type RunFile = z.infer<typeof runFileSchema>

export const runPaths = (folder: string) => ({
  run: path.join(folder, 'run.json'),
  manifest: path.join(folder, 'dataset.json'),
  metrics: path.join(folder, 'metrics.jsonl'),
  log: path.join(folder, 'log.txt'),
  launcher: path.join(folder, 'launcher.txt'),
  outcome: path.join(folder, 'outcome.json'),
  lock: path.join(folder, 'lock'),
  request: path.join(folder, 'request'),
  reserve: path.join(folder, 'reserve'),
  initial: path.join(folder, 'initial'),
  checkpoints: path.join(folder, 'checkpoints'),
  checkpoint: (step: number) => path.join(folder, 'checkpoints', stepName(step)),
  reconstructionsRoot: path.join(folder, 'reconstructions'),
  reconstructions: (step: number) => path.join(folder, 'reconstructions', stepName(step)),
  evaluations: path.join(folder, 'evaluations'),
  failures: path.join(folder, 'failures'),
  failure: (step: number) => path.join(folder, 'failures', stepName(step)),
})

const stepName = (step: number) => String(step).padStart(8, '0')

/** What a person chooses about a new run. */
export interface NewRun extends Pick<
  RunFile,
  'name' | 'hyperparameters' | 'engine' | 'threads' | 'decoders'
> {
  dataset: { name: string; folder: string }
  cache?: number | null
  cluster?: RunFile['cluster']
  notice?: string | null
  statistics?: RunFile['statistics']
  /** Writes the list of the run's images; answers how many each split has. */
  writeManifest(file: string): Promise<Record<Split, number>>
  /** Weights to begin with; new ones where there are none. */
  initial?: InitialWeights
  /** Writes what the folder is to hold from the beginning; told how many images there are to train on. */
  fill?(folder: string, images: number): Promise<void>
  status?: 'starting' | 'queued' | 'stopped'
}

/** Weights of another run to begin with: a safetensors file and where it comes from. */
export interface InitialWeights {
  weights: FileContents
  origin: NonNullable<RunFile['origin']>
}

/**
 * Makes the folder of a new run below `runsFolder` and answers it. `status` says when a training process shall take it up:
 * soon (`starting`), when its turn comes (`queued`), or when a person resumes it (`stopped`).
 */
export async function createRun(
  runsFolder: string,
  {
    writeManifest,
    initial,
    fill,
    status = 'starting',
    cache = null,
    cluster = null,
    statistics = imageNetStatistics,
    ...chosen
  }: NewRun,
): Promise<string> {
  const now = new Date().toISOString()
  const id = newId(chosen.name, now)
  const folder = path.join(runsFolder, id)
  const run: Omit<RunFile, 'dataset'> = {
    format: runFormat,
    id,
    notice: null,
    ...chosen,
    cache,
    cluster,
    statistics,
    status,
    engines: [],
    versions: { app: appVersion, node: process.version },
    createdAt: now,
    updatedAt: now,
    step: 0,
    totalSteps: 0,
    error: null,
    seams: [],
    pendingChanges: [],
    origin: initial?.origin ?? null,
  }
  await makeFolderSafely(folder, async (temporary) => {
    const paths = runPaths(temporary)
    const { train, validation } = await writeManifest(paths.manifest)
    if (train === 0)
      throw new AppError('no-images', 'No image is left to train on.', 'Hold out or exclude fewer of them.')
    if (initial) await writeFolderSafely(paths.initial, { 'weights.safetensors': initial.weights })
    await fill?.(temporary, train)
    await writeRecord(paths.run, { ...run, dataset: { ...chosen.dataset, images: train, validation } })
  })
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

/**
 * Reads run.json, of older formats too. Throws AppError run-missing where there is none that can be understood, file-unusable,
 * format-newer, or not-allowed where a part of the folder is a link to elsewhere.
 */
export async function readRun(folder: string): Promise<RunFile> {
  const paths = runPaths(folder)
  try {
    for (const part of [
      paths.checkpoints,
      paths.reconstructionsRoot,
      paths.failures,
      paths.initial,
      paths.evaluations,
    ])
      await requireOwnFolder(part)
    return runFileSchema.parse(migrateRun(await readRecord(paths.run)))
  } catch (error) {
    if (error instanceof AppError) throw error
    if (isMissing(error)) throw noRun(folder, 'it has no run.json')
    const isForm = error instanceof Damaged || error instanceof z.ZodError
    throw isForm
      ? noRun(folder, `its run.json is damaged (${reasonOf(error)})`)
      : unreadableNow(paths.run, error)
  }
}

const noRun = (folder: string, reason: string) =>
  new AppError('run-missing', `${folder} is not a run: ${reason}.`, 'Choose a folder below the runs folder.')

export async function updateRun(folder: string, changes: Partial<RunFile>): Promise<RunFile> {
  const run = { ...(await readRun(folder)), ...changes, updatedAt: new Date().toISOString() }
  await writeRecord(runPaths(folder).run, run)
  return run
}

/** Changes settings of a run that nobody trains; its next seam tells them. Throws AppError bad-settings. */
export async function changeSettings(folder: string, changes: Partial<Hyperparameters>): Promise<RunFile> {
  const { hyperparameters: before, pendingChanges } = await readRun(folder)
  const hyperparameters = withChanges(before, changes)
  const names = Object.keys(changes) as (keyof Hyperparameters)[]
  const made = names
    .filter((name) => hyperparameters[name] !== before[name])
    .map((setting) => ({ setting, from: before[setting], to: hyperparameters[setting] }))
  return updateRun(folder, { hyperparameters, pendingChanges: [...pendingChanges, ...made] })
}

/** Appends a line to log.txt and answers it as written. */
export function appendLog(folder: string, text: string): string {
  const line = `${new Date().toISOString()} ${text}\n`
  appendOwn(runPaths(folder).log, line)
  return line
}
