import { appendFileSync, createReadStream } from 'node:fs'
import { access, mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { type Emit, type Handlers, type Run, run as runSchema } from '../../src-shared/contract'
import { AppError } from '../../src-shared/errors'
import { dataFolder } from '../paths'
import type { Child, Fork } from '../port'
import { writeFileSafely } from '../training/files'
import type { StopMessage, TrainingMessage } from '../training/messages'
import {
  checkpointSteps,
  createRun,
  isAlive,
  lastMetric,
  listCheckpoints,
  readRun,
  type RunFile,
  runPaths,
  tailMetrics,
  updateRun,
} from '../training/run-folder'
import type { Datasets } from './datasets'
import { estimateRun } from './estimate'
import { columnsOf, MetricsReader, thin } from './metrics'
import type { Settings } from './settings'

type RunCalls = Pick<
  Handlers,
  | 'runs.list'
  | 'runs.get'
  | 'runs.estimate'
  | 'runs.start'
  | 'runs.pause'
  | 'runs.stop'
  | 'runs.resume'
  | 'runs.update'
  | 'runs.remove'
  | 'runs.metrics'
  | 'runs.checkpoints'
  | 'runs.log'
>

/** What a person says about a run; kept beside run.json, which belongs to the training process. */
const annotationsSchema = z.object({
  name: z.string().optional(),
  notes: z.string().default(''),
  tags: z.array(z.string()).default([]),
  pinned: z.boolean().default(false),
  archived: z.boolean().default(false),
})
type Annotations = z.infer<typeof annotationsSchema>

const annotationsFile = (folder: string) => path.join(folder, 'annotations.json')

/** What became of a run's files when the list was last read. */
interface Seen {
  key: string
  run: Run
}

interface RunsOptions {
  fork: Fork
  emit: Emit
  datasets: Datasets
  settings: Settings
  /** Moves a folder to the system's trash. */
  trash?: (folder: string) => Promise<void>
  /** A run that this application trains came to its end. */
  onEnd?: (run: Run) => void
}

/** The runs below the runs folder, whoever trains them, and the training of one of them. */
export class Runs {
  private readonly seen = new Map<string, Seen>()
  /** The runs as the listeners know them. */
  private readonly told = new Map<string, Run>()
  private readonly metrics = new MetricsReader()
  private readonly followed = new Map<string, { metricBytes: number; logBytes: number; checkpoint: number }>()
  private trained: { id: string; child: Child; ended: Promise<void> } | null = null
  private timer: NodeJS.Timeout | null = null
  private polls = 0
  /** Runs start one after the other, so that two clicks do not start two. */
  private starting: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: RunsOptions) {}

  readonly calls: RunCalls = {
    'runs.list': () => this.list(),
    'runs.get': ({ id }) => this.get(id),
    'runs.estimate': async ({ dataset, hyperparameters }) => {
      const { images } = await this.options.datasets.get(dataset)
      return estimateRun(hyperparameters, images, await this.list(), await this.root())
    },
    'runs.start': async ({ dataset: id, hyperparameters, name }) => {
      const dataset = await this.options.datasets.get(id)
      const images = await this.options.datasets.images(id)
      if (images.length === 0)
        throw new AppError(
          'no-images',
          `${dataset.name} has no readable images yet.`,
          'Wait for the scan, or add images.',
        )
      const settings = await this.options.settings.get()
      await mkdir(settings.runsFolder, { recursive: true })
      return this.trainAlone(() =>
        createRun(settings.runsFolder, {
          name: name?.trim() || dataset.name,
          dataset: { name: dataset.name, folder: dataset.folder, images: images.length },
          hyperparameters,
          engine: settings.engine,
          threads: settings.threads,
          decoders: settings.decoders,
          images,
        }),
      )
    },
    'runs.resume': async ({ id }) => {
      const run = await this.get(id)
      if (run.status === 'finished')
        throw new AppError('run-busy', `${run.name} is finished.`, 'Start a new run with more epochs.')
      return this.trainAlone(async () => run.folder)
    },
    'runs.pause': ({ id }) => this.end(id, 'paused'),
    'runs.stop': ({ id }) => this.end(id, 'stopped'),
    'runs.update': async ({ id, ...changes }) => {
      const folder = await this.folderOf(id)
      const annotations = { ...(await readAnnotations(folder)), ...changes }
      await writeFileSafely(annotationsFile(folder), JSON.stringify(annotations, null, 2))
      return this.changed(id)
    },
    'runs.remove': async ({ id }) => {
      const run = await this.get(id)
      if (isActive(run)) throw new AppError('run-busy', `${run.name} is being trained.`, 'Stop it first.')
      await (this.options.trash ?? moveToTrash)(run.folder)
      this.forget(id, run.folder)
    },
    'runs.metrics': async ({ id, points, after }) => {
      const metrics = await this.metrics.read(await this.folderOf(id))
      const chosen = after === undefined ? metrics : metrics.filter(({ step }) => step > after)
      return columnsOf(thin(chosen, points))
    },
    'runs.checkpoints': async ({ id }) => listCheckpoints(await this.folderOf(id)),
    'runs.log': async ({ id }) => {
      const text = await readFile(runPaths(await this.folderOf(id)).log, 'utf8').catch(() => '')
      return text.split('\n').slice(-500).join('\n')
    },
  }

  /** The picture that a path `reconstruction/<run>/<step>/<name>` stands for. */
  async reconstruction(id: string, step: number, name: string): Promise<string> {
    return path.join(runPaths(await this.folderOf(id)).reconstructions(step), name)
  }

  /** The run that this application trains now. */
  current = async (): Promise<Run | null> => (this.trained ? this.get(this.trained.id) : null)

  /** Follows the runs folder and tells what changes, until `close`. */
  follow(): void {
    let busy = false
    this.timer = setInterval(() => {
      if (busy) return
      busy = true
      void this.poll()
        .catch((error) => console.error(error))
        .finally(() => (busy = false))
    }, 500)
  }

  /** Pauses what is being trained, waits until it is saved, and stops following. */
  async close(): Promise<void> {
    if (this.timer) clearInterval(this.timer)
    if (this.trained) await this.end(this.trained.id, 'paused')
  }

  private root = async () => (await this.options.settings.get()).runsFolder

  private async folderOf(id: string): Promise<string> {
    const folder = path.join(await this.root(), id)
    await access(runPaths(folder).run).catch(() => {
      throw new AppError(
        'run-missing',
        'This run is not in the runs folder any more.',
        'Look at the list of runs.',
      )
    })
    return folder
  }

  private async list(): Promise<Run[]> {
    const runs = await Promise.all((await this.ids()).map((id) => this.get(id).catch(() => null)))
    return runs.filter((run) => run !== null)
  }

  /** Names in the runs folder that runs can have; a person may keep other things there. */
  private async ids(): Promise<string[]> {
    const names = await readdir(await this.root()).catch(() => [])
    return names.filter((name) => runSchema.shape.id.safeParse(name).success)
  }

  /** Reads a run, or answers what was read before where its files did not change. */
  private async get(id: string): Promise<Run> {
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
    const run = await describe(folder, await readRun(folder))
    this.seen.set(id, { key: times.join(), run })
    return run
  }

  private async changed(id: string): Promise<Run> {
    const run = await this.get(id)
    this.told.set(id, run)
    this.options.emit('runs.changed', run)
    return run
  }

  private forget(id: string, folder: string): void {
    this.seen.delete(id)
    this.told.delete(id)
    this.followed.delete(id)
    this.metrics.forget(folder)
    this.options.emit('runs.removed', { id })
  }

  private trainAlone(folder: () => Promise<string>): Promise<Run> {
    const started = this.starting.then(async () => {
      await this.refuseWhileTraining()
      return this.train(await folder())
    })
    this.starting = started.catch(() => undefined)
    return started
  }

  private async refuseWhileTraining(): Promise<void> {
    const busy = (await this.list()).find(isActive)
    if (busy) throw new AppError('run-busy', `${busy.name} is being trained.`, 'Pause or stop it first.')
  }

  private async train(folder: string): Promise<Run> {
    const id = path.basename(folder)
    await updateRun(folder, { status: 'starting', error: null, process: null })
    const child = this.options.fork('training', [folder])
    let said = false
    child.onMessage((message) => (said ||= (message as TrainingMessage).type === 'ended'))
    const ended = new Promise<void>((resolve) =>
      child.onExit((_code, errors) => {
        this.trained = null
        void this.childEnded(folder, said, errors).finally(resolve)
      }),
    )
    this.trained = { id, child, ended }
    await this.tell(id)
    return this.changed(id)
  }

  private async childEnded(folder: string, said: boolean, errors: string): Promise<void> {
    if (errors) appendFileSync(runPaths(folder).log, `${errors}\n`)
    if (!said) await updateRun(folder, { process: null })
    await this.tell(path.basename(folder))
    this.options.onEnd?.(await this.changed(path.basename(folder)))
  }

  private async end(id: string, as: StopMessage['as']): Promise<void> {
    if (this.trained?.id !== id)
      throw new AppError(
        'run-busy',
        'This run is not trained by this application.',
        'Stop it where it was started.',
      )
    this.trained.child.post({ type: 'stop', as } satisfies StopMessage)
    await this.trained.ended
  }

  /** Looks at new runs and at those being trained; every tenth time at all, which other programs may change. */
  private async poll(): Promise<void> {
    const everything = this.polls++ % 10 === 0
    if (this.polls === 1) {
      // What was there before is no news.
      for (const run of await this.list()) this.told.set(run.id, run)
      return
    }
    const ids = new Set(await this.ids())
    for (const [id, run] of this.told) if (!ids.has(id)) this.forget(id, run.folder)
    for (const id of ids) {
      const before = this.told.get(id)
      if (before && !isActive(before) && !everything) continue
      const run = await this.get(id).catch(() => null)
      if (!run || run === before) continue
      this.told.set(id, run)
      if (JSON.stringify(before) !== JSON.stringify(run)) this.options.emit('runs.changed', run)
      if (isActive(run) || (before && isActive(before))) await this.tell(id)
    }
  }

  /** Tells what came to a run's metrics, log and checkpoints since the last time; nothing the first time. */
  private async tell(id: string): Promise<void> {
    const folder = await this.folderOf(id)
    const { metrics: metricsFile, log: logFile } = runPaths(folder)
    const checkpointNow = (await checkpointSteps(folder)).at(-1) ?? -1
    const last = this.followed.get(id)
    if (!last) {
      const [metricBytes, logBytes] = await Promise.all([metricsFile, logFile].map(sizeOf))
      this.followed.set(id, { metricBytes: metricBytes!, logBytes: logBytes!, checkpoint: checkpointNow })
      return
    }
    const { metrics, nextByte } = await tailMetrics(folder, last.metricBytes)
    const lines = await tailText(logFile, last.logBytes)
    this.followed.set(id, {
      metricBytes: nextByte,
      logBytes: last.logBytes + Buffer.byteLength(lines),
      checkpoint: checkpointNow,
    })
    if (metrics.length) this.options.emit('runs.metrics', { id, metrics: columnsOf(metrics) })
    if (lines) this.options.emit('runs.log', { id, text: lines })
    if (checkpointNow > last.checkpoint)
      for (const checkpoint of (await listCheckpoints(folder)).filter(({ step }) => step > last.checkpoint))
        this.options.emit('runs.checkpoint', { id, checkpoint })
  }
}

const isActive = ({ status }: Run) => status === 'running' || status === 'starting'

async function describe(folder: string, file: RunFile): Promise<Run> {
  const annotations = await readAnnotations(folder)
  const latest = await lastMetric(folder)
  const active = file.status === 'running' || file.status === 'starting'
  const fresh = Date.now() - Date.parse(file.updatedAt) < 15_000 && !file.process
  const dead = active && !(await isAlive(folder, file)) && !(file.status === 'starting' && fresh)
  const step = Math.max(file.step, active ? (latest?.step ?? 0) : 0)
  return {
    id: path.basename(folder),
    name: annotations.name ?? file.name,
    status: dead ? 'interrupted' : file.status,
    dataset: file.dataset,
    hyperparameters: file.hyperparameters,
    engine: file.engine,
    createdAt: file.createdAt,
    updatedAt: file.updatedAt,
    step,
    totalSteps: file.totalSteps,
    latest,
    secondsLeft:
      latest && file.totalSteps && active && !dead
        ? ((file.totalSteps - step) * effectiveBatch(file)) / latest.imagesPerSecond
        : null,
    error: file.error,
    notes: annotations.notes,
    tags: annotations.tags,
    pinned: annotations.pinned,
    archived: annotations.archived,
    folder,
  }
}

const effectiveBatch = ({ hyperparameters: h }: RunFile) => h.batchSize * h.accumulation

async function readAnnotations(folder: string): Promise<Annotations> {
  const stored = await readFile(annotationsFile(folder), 'utf8')
    .then(JSON.parse)
    .catch(() => ({}))
  return annotationsSchema.catch(() => annotationsSchema.parse({})).parse(stored)
}

const sizeOf = (file: string) =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  )

/** The text of a file from a byte on. */
async function tailText(file: string, fromByte: number): Promise<string> {
  if ((await sizeOf(file)) <= fromByte) return ''
  return text(createReadStream(file, { start: fromByte, encoding: 'utf8' }))
}

/** Where there is no system trash: a folder beside the runs. */
async function moveToTrash(folder: string): Promise<void> {
  const trash = path.join(dataFolder(), 'trash')
  await mkdir(trash, { recursive: true })
  await rename(folder, path.join(trash, path.basename(folder)))
}
