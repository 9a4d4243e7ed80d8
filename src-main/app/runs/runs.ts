import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Dataset, Emit, Estimates, Handlers, Run } from '#shared/contract'
import { fromPreset, type Hyperparameters } from '#shared/settings/hyperparameters'
import { AppError } from '#shared/errors'
import { datasetsFolder, enginesFolder, sampleImagesFolder } from '#platform/paths'
import { aside } from '#platform/background'
import type { Fork } from '#platform/processes'
import {
  checkpointSteps,
  listCheckpoints,
  prunableBytes,
  pruneCheckpoints,
  removeCheckpoints,
} from '#storage/run/checkpoint'
import { freeDiskBytes } from '#storage/disk'
import { fewAtOnce } from '#storage/few-at-once'
import { readChecked, bytesOf } from '#storage/files'
import { endOf } from '#storage/own-files'
import { locateImages } from './locate'
import { runPaths } from '#storage/run/run-folder'
import { changeAnnotations } from '#storage/run/annotations'
import type { Datasets } from '#app/datasets'
import type { Engines } from '#app/engines'
import { agreeToCluster } from './clusters'
import { type EstimateBasis, estimateRuns, secondsOf, waitSeconds } from './estimate'
import { expectationOf } from './expect'
import { Follower } from './follow'
import { after, bucketed } from '#storage/run/metric-columns'
import { MetricsReader } from './metrics'
import { Queue } from './queue'
import { resumeRun } from './resume'
import { isActive, requireResting, RunList } from './run-list'
import { Sketches } from './sketch'
import { startRun } from './start'
import { Trash } from './trash'
import type { Settings } from '#app/settings'

type RunCalls = Pick<Handlers, Extract<keyof Handlers, `runs.${string}`>>

interface RunsOptions {
  fork: Fork
  emit: Emit
  datasets: Datasets
  engines: Engines
  settings: Settings
  /** A run that this application trains came to its end. */
  onEnd?: (run: Run) => void
}

/** The calls about runs: the runs below the runs folder, whoever trains them, and the queue that trains them. */
export class Runs {
  private readonly metrics = new MetricsReader()
  private readonly sketches = new Sketches()
  private readonly list: RunList
  private readonly follower: Follower
  private readonly queue: Queue
  private readonly trash = new Trash()

  constructor(private readonly options: RunsOptions) {
    this.list = new RunList(options.settings)
    this.follower = new Follower(
      this.list,
      options.emit,
      ({ folder }) => {
        this.metrics.forget(folder)
        this.sketches.forget(folder)
      },
      () => this.queue.advance(),
    )
    this.queue = new Queue({ ...options, list: this.list, follower: this.follower })
  }

  readonly calls: RunCalls = {
    'runs.list': () => this.list.all(),
    'runs.get': ({ id }) => this.list.get(id),
    'runs.estimate': async ({ dataset: id, hyperparameters }) => {
      const dataset = await this.options.datasets.get(id)
      const basis = await this.basis()
      const all = hyperparameters.map((h) => ({ h, images: splitOf(dataset, h) }))
      return {
        images: splitOf(dataset, hyperparameters[0]!),
        waitSeconds: waitSeconds(basis.runs.filter(isAhead), basis),
        all: await estimateRuns(all, basis),
      }
    },
    'runs.expect': async ({ dataset, hyperparameters }) => {
      const { folder } = await this.options.datasets.get(dataset)
      return expectationOf(hyperparameters, folder, await this.list.all(), this.metrics)
    },
    'runs.sample': async () => {
      const files = await readdir(sampleImagesFolder(), { recursive: true, withFileTypes: true })
      const images = files.filter((file) => file.isFile()).length
      const basis = await this.basis()
      const all = { train: images, validation: 0 }
      const [estimate] = await estimateRuns([{ h: fromPreset('nano'), images: all }], basis)
      return { images, classes: files.length - images, seconds: estimate!.seconds }
    },
    'runs.start': async ({ dataset: id, hyperparameters, name, from, cluster }) => {
      const dataset = await this.options.datasets.get(id)
      if (dataset.images === 0)
        throw new AppError(
          'no-images',
          `${dataset.name} has no readable images yet.`,
          'Wait for the scan, or add images.',
        )
      const { engine, threads, decoders, cache } = await this.options.settings.get()
      const folder = await startRun({
        runsFolder: await this.list.root(),
        name: name?.trim() || dataset.name,
        dataset: { name: dataset.name, folder: dataset.folder },
        images: this.options.datasets.imagesOf(id),
        hyperparameters,
        ...{ engine, threads, decoders, cache, cluster },
        from: from && { folder: await this.list.folderOf(from.run), step: from.step },
        status: 'queued',
      })
      return this.queue.add(path.basename(folder))
    },
    'runs.resume': async ({ id, changes, engine, decoders, agreed }) => {
      const { folder, cluster } = await this.restingRun(id)
      if (agreed !== undefined && agreed === cluster?.address) await agreeToCluster(agreed)
      await resumeRun(folder, { changes, engine, decoders })
      return this.queue.add(id)
    },
    'runs.pause': async ({ id }) => this.queue.end(await this.list.get(id), 'paused'),
    'runs.stop': async ({ id }) => this.queue.end(await this.list.get(id), 'stopped'),
    'runs.kill': async ({ id }) => this.queue.kill(await this.list.get(id)),
    'runs.queue': () => this.queue.state(),
    'runs.waits': async () => {
      const basis = await this.basis()
      const byId = new Map(basis.runs.map((run) => [run.id, run]))
      const waiting = (await this.queue.state()).ids.flatMap((id) => byId.get(id) ?? [])
      return waiting.map((run) => ({ id: run.id, seconds: secondsOf(run, basis) }))
    },
    'runs.move': ({ id, place }) => this.queue.move(id, place),
    'runs.hold': ({ held }) => this.queue.hold(held),
    'runs.locate': async ({ id, folder }) => {
      await locateImages((await this.restingRun(id)).folder, folder)
      return this.follower.changed(id)
    },
    'runs.update': async ({ id, ...changes }) => {
      const folder = await this.list.folderOf(id)
      await changeAnnotations(folder, changes)
      return this.follower.changed(id)
    },
    'runs.remove': async ({ id }) => {
      const run = await this.restingRun(id)
      await this.trash.put(run.folder)
      this.follower.forget(run)
    },
    'runs.restore': async ({ id }) => {
      const folder = await this.trash.restore(id, await this.list.root())
      return this.follower.changed(path.basename(folder))
    },
    'runs.metrics': async ({ id, points, after: step }) => {
      const { folder, seams } = await this.list.get(id)
      const metrics = await this.metrics.read(folder, seams.length)
      return bucketed(step === undefined ? metrics : after(metrics, step), points)
    },
    'runs.sketches': async ({ ids }) => {
      const found = await fewAtOnce(ids, async (id) => {
        const folder = await this.list.folderOf(id).catch(() => null)
        return folder === null ? [] : [await this.sketches.of(id, folder)]
      })
      return found.flat()
    },
    'runs.checkpoints': async ({ id }) => listCheckpoints(await this.list.folderOf(id)),
    'runs.log': async ({ id }) => {
      const text = await endOf(runPaths(await this.list.folderOf(id)).log, 200_000)
      return text.split('\n').slice(-500).join('\n')
    },
    'runs.disk': async () => {
      const root = await this.list.root()
      const runs = await Promise.all(
        (await this.list.all()).map(async ({ id, name, folder }) => ({
          id,
          name,
          checkpoints: (await checkpointSteps(folder)).length,
          checkpointBytes: await bytesOf(runPaths(folder).checkpoints),
          totalBytes: await bytesOf(folder),
        })),
      )
      return {
        runs,
        trash: await this.trash.size(),
        datasetBytes: await bytesOf(datasetsFolder()),
        engineBytes: await bytesOf(enginesFolder()),
        freeBytes: await freeDiskBytes(root),
      }
    },
    'runs.prune': async ({ id, ...rule }) => {
      const { folder } = await this.restingRun(id)
      const before = await bytesOf(folder)
      await pruneCheckpoints(folder, rule)
      await this.follower.changed(id)
      return { freed: before - (await bytesOf(folder)) }
    },
    'runs.removeCheckpoints': async ({ id, steps }) => {
      const { folder } = await this.restingRun(id)
      const known = await checkpointSteps(folder)
      if (steps.includes(known.at(-1) ?? -1))
        throw new AppError(
          'bad-settings',
          'The newest checkpoint is where this run resumes.',
          'Delete the run instead, or keep its newest checkpoint.',
        )
      const before = await bytesOf(folder)
      await removeCheckpoints(
        folder,
        steps.filter((step) => known.includes(step)),
      )
      await this.follower.changed(id)
      return { freed: before - (await bytesOf(folder)) }
    },
    'runs.prunable': async ({ rules }) => {
      const resting = (await this.list.all()).filter((run) => !isActive(run))
      const freed = async (rule: (typeof rules)[number]) => {
        const sizes = await fewAtOnce(resting, ({ folder }) => prunableBytes(folder, rule))
        return sizes.reduce((sum, size) => sum + size, 0)
      }
      return Promise.all(rules.map(freed))
    },
    'runs.emptyTrash': async () => ({ freed: await this.trash.empty() }),
  }

  /** The picture that a path `reconstruction/<run>/<step>/<name>` stands for. Throws where it is not what was written. */
  async reconstruction(id: string, step: number, name: string): Promise<string> {
    const folder = runPaths(await this.list.folderOf(id)).reconstructions(step)
    await readChecked(folder, name)
    return path.join(folder, name)
  }

  survey = () => this.list.survey()

  /** What estimates start from now. */
  private async basis(): Promise<EstimateBasis> {
    const [runs, settings] = [await this.list.all(), await this.options.settings.get()]
    const { engine, proof, device } = await this.options.engines.inUse()
    return { runs, settings: { ...settings, engine }, proof, device }
  }

  /** The run that this application trains now. */
  current = (): Promise<Run | null> => this.queue.current()

  /** Follows the runs folder and trains what waits in the queue, until `close`. */
  follow(): void {
    this.follower.start()
    aside(this.forgetOld())
  }

  /** Deletes what has been in the trash for long. */
  private async forgetOld(): Promise<void> {
    const { trashDays } = await this.options.settings.get()
    if (trashDays !== null) await this.trash.empty(trashDays)
  }

  /** Pauses what is being trained, waits until it is saved, and stops following. */
  async close(): Promise<void> {
    this.follower.stop()
    await this.queue.close()
  }

  /** A run that nobody trains. Throws AppError run-busy. */
  private async restingRun(id: string): Promise<Run> {
    return requireResting(await this.list.get(id))
  }
}

/** Whether a new run would wait for it. */
const isAhead = (run: Run) => isActive(run) || run.status === 'queued'

/** How the settings would divide a data set; what lies in folders of splits stays there. */
function splitOf({ images, splits }: Dataset, h: Hyperparameters): Estimates['images'] {
  const validation = splits.validation || Math.round((images - splits.test) * h.validationFraction)
  return { train: images - splits.test - validation, validation, test: splits.test }
}
