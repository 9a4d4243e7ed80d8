import { access, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Run, run as runSchema } from '../../src-shared/contract'
import { AppError } from '../../src-shared/errors'
import { lockOwner } from '../training/lock'
import { lastMetric } from '../training/metrics'
import { readRun, type RunFile, runPaths } from '../training/run-folder'
import { annotationsFile, readAnnotations } from './annotations'
import type { Settings } from './settings'

export const isActive = ({ status }: Run) => status === 'running' || status === 'starting'

/** A run that nobody trains yet is `starting` for so long. */
const startLimit = 15_000

/** The runs below the runs folder, whoever trains them, as they are now. */
export class RunList {
  /** What became of a run's files when they were last read. */
  private readonly seen = new Map<string, { key: string; run: Run }>()
  /** Seconds without a step of the runs that seem to hang. */
  readonly stalled = new Map<string, number>()

  constructor(private readonly settings: Settings) {}

  root = async () => (await this.settings.get()).runsFolder

  /** Throws AppError run-missing. */
  async folderOf(id: string): Promise<string> {
    const folder = path.join(await this.root(), id)
    await access(runPaths(folder).manifest).catch(() => {
      throw new AppError(
        'run-missing',
        'This run is not in the runs folder any more.',
        'Look at the list of runs.',
      )
    })
    return folder
  }

  async all(): Promise<Run[]> {
    const runs = await Promise.all((await this.ids()).map((id) => this.get(id).catch(() => null)))
    return runs.filter((run) => run !== null)
  }

  /** Names in the runs folder that runs can have; a person may keep other things there. */
  async ids(): Promise<string[]> {
    const names = await readdir(await this.root()).catch(() => [])
    return names.filter((name) => runSchema.shape.id.safeParse(name).success)
  }

  /** Reads a run, or answers what was read before where its files did not change. */
  async get(id: string): Promise<Run> {
    const folder = await this.folderOf(id)
    const paths = runPaths(folder)
    const times = await Promise.all(
      [paths.run, paths.metrics, annotationsFile(folder)].map((file) =>
        stat(file).then(
          ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
          () => '',
        ),
      ),
    )
    const known = this.seen.get(id)
    if (known?.key === times.join() && !isActive(known.run)) return known.run
    const run = {
      ...(await describe(folder, await readRun(folder))),
      stalledSeconds: this.stalled.get(id) ?? null,
    }
    this.seen.set(id, { key: times.join(), run })
    return run
  }

  forget(id: string): void {
    this.seen.delete(id)
    this.stalled.delete(id)
  }
}

async function describe(folder: string, file: RunFile): Promise<Omit<Run, 'stalledSeconds'>> {
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
    notice: file.notice,
    createdAt: file.createdAt,
    updatedAt: file.updatedAt,
    step,
    totalSteps: file.totalSteps,
    latest,
    secondsLeft:
      latest && file.totalSteps && active && !dead
        ? ((file.totalSteps - step) * batchSize * accumulation) / latest.imagesPerSecond
        : null,
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
