import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { decided } from '#shared/settings/precision'
import { type Engine, sharesCores, type State } from '#engine/engine'
import { createEngine } from '#engine/engines'
import { type BatchLoader, openBatches } from '#images/batches'
import { decoderCount } from '#images/decode/decoders'
import type { Manifest } from '#images/manifest'
import { cacheLimits } from '#images/pixel-cache'
import type { PixelStatistics } from '#model/augment/crop'
import { initialWeights } from '#model/objectives/index'
import type { NamedTensorData } from '#model/tensor/step'
import { cacheFolder } from '#platform/paths'
import { freeDiskBytes } from '#storage/disk'
import { readCheckedTensors } from '#storage/files'
import { loadNewestCheckpoint, type SavedCheckpoint } from '#storage/run/checkpoint'
import { cutMetrics } from '#storage/run/metrics'
import { type ResumePoint, resumePoint } from '#storage/run/progress'
import { appendLog, readRun, type RunFile, runPaths, updateRun } from '#storage/run/run-folder'
import { Course } from './course'
import { isForCores } from '#jobs/train/gradients'
import { HealthChecks } from '#jobs/train/health'
import type { TrainingMessage } from '#jobs/train/messages'
import { noteEngine, prepareFolder, requireNothingLost } from '#jobs/train/prepare'
import { Reconstructions } from '#jobs/train/reconstructions'
import { compileUpdate, startingState, type Update } from '#jobs/train/update'
import { Validation } from '#jobs/train/validation'

/** What a session works with. */
export interface Parts {
  h: Hyperparameters
  images: Manifest
  /** By which the images are normalised. */
  statistics: PixelStatistics
  /** Where it goes on, and whether there is a checkpoint of that place. */
  from: ResumePoint
  isSaved: boolean
  course: Course
  state: State
  loader: BatchLoader
  update: Update
  reconstructions: Reconstructions
  validation: Validation | null
  health: HealthChecks
}

/** Opens what a run is trained with, at its newest checkpoint or the start, and says in the folder where it goes on. */
export async function openParts(folder: string, tell: (message: TrainingMessage) => void): Promise<Parts> {
  const run = await readRun(folder)
  const h = run.hyperparameters
  const images = await prepareFolder(folder)
  const log = (text: string) => tell({ type: 'log', text: appendLog(folder, text) })

  const saved = await loadNewestCheckpoint(folder, (step, error) =>
    log(`The checkpoint of step ${step} cannot be used, the one before is taken: ${error}`),
  )
  if (!saved) await requireNothingLost(folder, run)
  await cutMetrics(folder, saved?.state.step ?? 0)
  if (run.notice) log(run.notice)
  const engine = await createEngine(run.engine, {
    threads: run.threads,
    precision: decided(h.precision),
    device: h.device,
    coreEach: isForCores(h),
  })
  await noteEngine(folder, run, saved?.state.step ?? 0)
  const state = await startOf(folder, run, engine, saved)
  const decoders = run.decoders || decoderCount(sharesCores(engine.device))
  const chosen = images.indicesOf('train')
  const from = resumePoint(saved, Math.max(1, Math.floor(chosen.length / h.batchSize)))
  const loader = openBatches({
    folder: run.dataset.folder,
    images,
    chosen,
    hyperparameters: h,
    firstBatch: from.batch,
    statistics: run.statistics,
    decoders,
    cacheLimits: cacheLimits(
      run.cache,
      h.epochs - Math.floor(from.batch / Math.max(1, chosen.length / h.batchSize)),
      await freeDiskBytes(cacheFolder()),
    ),
  })
  try {
    const course = new Course(h, from, loader.batchesPerEpoch)
    await announce(folder, run, from, saved !== null, course, log)
    tell({
      type: 'started',
      step: from.step,
      totalSteps: course.totalSteps,
      stepsPerEpoch: course.stepsPerEpoch,
    })

    const { statistics } = run
    const update = await compileUpdate(h, statistics, engine, state)
    const dataset = { folder: run.dataset.folder, images, statistics, decoders }
    const reconstructions = await Reconstructions.open(folder, h, dataset, engine, state)
    const validation = await Validation.open(h, dataset, engine, state)
    const at = { step: from.step, epoch: course.epochOf(from.step) }
    const health = await HealthChecks.open(folder, h, dataset, engine, state, at)
    return {
      ...{ h, images, statistics, from, isSaved: saved !== null, course, state, loader },
      ...{ update, reconstructions, validation, health },
    }
  } catch (error) {
    await loader.close()
    state.dispose()
    throw error
  }
}

/** Says in run.json and log that and where the run goes on. */
async function announce(
  folder: string,
  run: RunFile,
  { step }: ResumePoint,
  isSaved: boolean,
  { totalSteps }: Course,
  log: (text: string) => void,
): Promise<void> {
  const began = isSaved || run.step > 0 || run.seams.length > 0
  const seam = { step, at: new Date().toISOString(), changes: run.pendingChanges }
  await updateRun(folder, {
    status: 'running',
    step,
    totalSteps,
    error: null,
    seams: began ? [...run.seams, seam] : [],
    pendingChanges: [],
  })
  log(began ? `Goes on from the checkpoint of step ${step}.` : `Starts: ${totalSteps} steps.`)
  for (const { setting, from, to } of run.pendingChanges) log(`Changed ${setting} from ${from} to ${to}.`)
}

/** A state of the weights and moments of a checkpoint; at the start those of another run's checkpoint, or new ones. */
async function startOf(
  folder: string,
  run: RunFile,
  engine: Engine,
  saved: SavedCheckpoint | null,
): Promise<State> {
  const h = run.hyperparameters
  if (saved) return startingState(h, engine, saved.weights, saved.optimizer)
  if (!run.origin) return startingState(h, engine, initialWeights(h, h.seed))
  const { tensors } = await readCheckedTensors(runPaths(folder).initial, 'weights.safetensors')
  return startingState(h, engine, tensors as NamedTensorData)
}
