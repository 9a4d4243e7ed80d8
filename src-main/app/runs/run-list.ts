import { stat } from 'node:fs/promises'
import path from 'node:path'
import { type AppSettings, type Run, run as runSchema, type Unreadable } from '#shared/contract'
import { AppError } from '#shared/errors'
import { aside } from '#platform/background'
import { allowed } from '#app/folders'
import { fewAtOnce } from '#storage/few-at-once'
import { reasonOf } from '#shared/system-errors'
import { counted, listed } from '#shared/words'
import { lockOwner } from '#storage/lock'
import { listOf, OutOfHandles } from '#storage/own-files'
import { damagedCheckpoints } from '#storage/run/checkpoint'
import { lastKnn } from '#storage/run/health-file'
import { lastMetric } from '#storage/run/metrics'
import { readRun, runPaths } from '#storage/run/run-folder'
import { folderOfRun, isRunFolder } from '#storage/run/find'
import { readAnnotations } from '#storage/run/annotations'

export const isActive = ({ status }: Run) => status === 'running' || status === 'starting'

/** Throws AppError run-busy where a run is being trained. */
export function requireResting(run: Run): Run {
  if (isActive(run)) throw new AppError('run-busy', `${run.name} is being trained.`, 'Stop it first.')
  return run
}

const isId = (name: string) => runSchema.shape.id.safeParse(name).success

/** A run that nobody trains yet is `starting` for so long. */
const startLimit = 15_000

/** The runs below the runs folder, whoever trains them, as they are now. */
export class RunList {
  /** Runs that rest or are being read, with the time of their folder before. */
  private readonly seen = new Map<string, { changed: number; run: Promise<Run> }>()
  /** Seconds without a step of the runs that seem to hang. */
  readonly stalled = new Map<string, number>()

  constructor(private readonly settings: { get(): Promise<Pick<AppSettings, 'runsFolder'>> }) {}

  root = async () => allowed((await this.settings.get()).runsFolder)

  /** Throws AppError run-missing. */
  folderOf = async (id: string): Promise<string> => allowed(folderOfRun(id, await this.root()))

  /** The runs that can be shown. Throws OutOfHandles. */
  all = async (): Promise<Run[]> => (await this.survey()).runs

  /** The runs, and what lies in the runs folder as a run and cannot be shown as one. Throws OutOfHandles. */
  async survey(): Promise<{ runs: Run[]; unreadable: Unreadable[] }> {
    const root = await this.root()
    const found = await fewAtOnce(await this.names(), (name) =>
      this.shown(path.join(root, name)).catch((error: unknown): Unreadable => {
        if (error instanceof OutOfHandles) throw error
        return { kind: 'run', path: path.join(root, name), reason: reasonOf(error) }
      }),
    )
    return {
      runs: found.filter((each) => 'id' in each),
      unreadable: found.filter((each) => 'kind' in each),
    }
  }

  /** Names in the runs folder that runs can have. */
  ids = async (): Promise<string[]> => (await this.names()).filter(isId)

  /** What lies in the runs folder as a run; a person may keep other things there. */
  private async names(): Promise<string[]> {
    const root = await this.root()
    const entries = await listOf(root)
    return entries.map(({ name }) => name).filter((name) => isRunFolder(path.join(root, name)))
  }

  /** `look` for a folder of any name. */
  private async shown(folder: string): Promise<Run> {
    if (isId(path.basename(folder))) return this.look(folder)
    throw new AppError(
      'run-missing',
      'Its name cannot be the id of a run. Rename the folder to small letters, digits and hyphens.',
    )
  }

  /** Throws AppError run-missing. */
  get = async (id: string): Promise<Run> => this.look(await this.folderOf(id))

  /**
   * The run of a folder. Files of a run that rests are renamed into place, which changes the time of its folder: one
   * that is as old as when it was last read is not read again. Throws AppError run-missing.
   */
  private async look(folder: string): Promise<Run> {
    await allowed(folder)
    const id = path.basename(folder)
    const changed = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    )
    const known = this.seen.get(id)
    if (known?.changed === changed) return known.run
    const run = this.read(folder)
    // A second change in the same tick of the clock would not be seen.
    if (Date.now() - changed > 1000) {
      this.seen.set(id, { changed, run })
      const keep = (run: Run) => !isActive(run) && run.status !== 'interrupted'
      aside(run.then(keep, () => false).then((kept) => kept || this.seen.delete(id)))
    }
    return run
  }

  private async read(folder: string): Promise<Run> {
    const stalledSeconds = this.stalled.get(path.basename(folder)) ?? null
    const shown = runSchema.safeParse({ ...(await describe(folder)), stalledSeconds })
    if (shown.success) return shown.data
    throw new AppError('run-missing', `${folder} cannot be shown as a run: ${reasonOf(shown.error)}.`)
  }

  forget(id: string): void {
    this.seen.delete(id)
    this.stalled.delete(id)
  }
}

async function describe(folder: string): Promise<Omit<Run, 'stalledSeconds'>> {
  const file = await readRun(folder)
  const annotations = await readAnnotations(folder)
  const latest = await lastMetric(folder)
  const active = file.status === 'running' || file.status === 'starting'
  const fresh = file.status === 'starting' && Date.now() - Date.parse(file.updatedAt) < startLimit
  const dead = active && !fresh && !(await lockOwner(runPaths(folder).lock))
  const step = Math.max(file.step, active ? (latest?.step ?? 0) : 0)
  const { batchSize, accumulation } = file.hyperparameters
  return {
    id: path.basename(folder),
    name: annotations.name ?? file.name,
    status: dead ? 'interrupted' : file.status,
    dataset: file.dataset,
    hyperparameters: file.hyperparameters,
    engine: file.engine,
    cluster: file.cluster,
    decoders: file.decoders,
    notice: [file.notice, damageNotice(await damagedCheckpoints(folder))].filter(Boolean).join(' ') || null,
    createdAt: file.createdAt,
    updatedAt: file.updatedAt,
    step,
    totalSteps: file.totalSteps,
    latest,
    secondsLeft:
      latest && latest.imagesPerSecond > 0 && file.totalSteps && active && !dead
        ? ((file.totalSteps - step) * batchSize * accumulation) / latest.imagesPerSecond
        : null,
    knn: await lastKnn(folder),
    error: file.error,
    seams: file.seams,
    origin: file.origin,
    notes: annotations.notes,
    tags: annotations.tags,
    pinned: annotations.pinned,
    archived: annotations.archived,
    folder,
  }
}

const damageNotice = (names: string[]): string | null =>
  names.length === 0
    ? null
    : `${counted(names.length, 'checkpoints')} could not be used, since what was written there is damaged, and ${names.length === 1 ? 'is' : 'are'} set aside in the folder "checkpoints": ${listed(names)}.`
