import { existsSync, readFileSync, rmSync } from 'node:fs'
import type { Metric } from '#shared/contract'
import { AppError } from '#shared/errors'
import { type Batch, type BatchLoader, openBatches, requireImages } from '#images/batches'
import { type Manifest, readImages } from '#images/manifest'
import { cacheLimits } from '#images/pixel-cache'
import { createEngine } from '#engine/engines'
import type { Engine, State } from '#engine/engine'
import { decodeSafetensors } from '#formats/safetensors'
import type { NamedTensorData } from '#model/tensor/step'
import { cacheFolder } from '#platform/paths'
import { learningRateAt } from '#model/optimizers/schedule'
import {
  loadNewestCheckpoint,
  pruneCheckpoints,
  saveCheckpoint,
  type SavedCheckpoint,
} from '#storage/run/checkpoint'
import { freeDiskBytes, requireSpace } from '#storage/disk'
import { keepFailedBatch } from './failed-batch'
import { flushFile, readChecked, removeLeftovers } from '#storage/files'
import { isForCores } from './gradients'
import { HealthChecks } from './health'
import type { Lock } from '#storage/lock'
import type { EndStatus, TrainingMessage } from './messages'
import { appendMetric, cutMetrics } from '#storage/run/metrics'
import { betterOf, isPatienceOver, noInterval, placeOf } from '#storage/run/progress'
import { Reconstructions } from './reconstructions'
import { appendLog, readRun, type RunFile, runPaths, updateRun } from '#storage/run/run-folder'
import { compileUpdate, splitState, startingState } from './update'
import { Validation } from './validation'
import { initialWeights } from '#model/objectives/index'

/** What the outside can ask of a loop that runs. */
export interface Control {
  /** Set to end after the current step. */
  stop: 'paused' | 'stopped' | null
}

/** Metrics, log and reconstructions of an interval take less than this. */
const spaceForTheRest = 8e6

/**
 * Trains the run of a folder from its newest checkpoint, or from the start, to its end or until `control.stop`:
 * batches -> traced step -> metrics -> checkpoint and reconstructions. Whoever calls it holds the run's lock. Throws
 * AppError; the last checkpoint then stands.
 */
export async function train(
  folder: string,
  control: Control,
  lock: Lock,
  tell: (message: TrainingMessage) => void,
): Promise<Exclude<EndStatus, 'failed'>> {
  const run = await readRun(folder)
  const h = run.hyperparameters
  const images = await prepareFolder(folder)
  const log = (text: string) => tell({ type: 'log', text: appendLog(folder, text) })

  const saved = await loadNewestCheckpoint(folder, (step, error) =>
    log(`The checkpoint of step ${step} can not be used, the one before is taken: ${error}`),
  )
  await cutMetrics(folder, saved?.state.step ?? 0)
  if (run.notice) log(run.notice)
  const engine = await createEngine(run.engine, {
    threads: run.threads,
    precision: h.precision,
    coreEach: isForCores(h),
  })
  await noteEngine(folder, run, saved?.state.step ?? 0)
  const state = await startOf(folder, run, engine, saved)
  const chosen = images.indicesOf('train')
  const place = placeOf(saved, Math.max(1, Math.floor(chosen.length / h.batchSize)))
  const loader = openBatches({
    folder: run.dataset.folder,
    images,
    chosen,
    hyperparameters: h,
    firstBatch: place.batch,
    statistics: run.statistics,
    decoders: run.decoders,
    cacheLimits: cacheLimits(
      run.cache,
      h.epochs - Math.floor(place.batch / Math.max(1, chosen.length / h.batchSize)),
      await freeDiskBytes(cacheFolder()),
    ),
  })
  const { batchesPerEpoch } = loader
  const batchesAt = (step: number) => place.batch + (step - place.step) * h.accumulation
  const epochOf = (step: number) => batchesAt(step) / batchesPerEpoch
  const batchesToGo = h.epochs * batchesPerEpoch - place.batch
  const totalSteps = Math.max(1, place.step + Math.floor(batchesToGo / h.accumulation))
  const saveEvery = Math.max(1, Math.round((h.checkpointEvery * batchesPerEpoch) / h.accumulation))
  const began = saved || run.step > 0 || run.seams.length > 0
  const seam = { step: place.step, at: new Date().toISOString(), changes: run.pendingChanges }
  await updateRun(folder, {
    status: 'running',
    step: place.step,
    totalSteps,
    error: null,
    seams: began ? [...run.seams, seam] : [],
    pendingChanges: [],
  })
  log(began ? `Goes on from the checkpoint of step ${place.step}.` : `Starts: ${totalSteps} steps.`)
  for (const { setting, from, to } of run.pendingChanges) log(`Changed ${setting} from ${from} to ${to}.`)
  tell({ type: 'started', step: place.step, totalSteps, stepsPerEpoch: Math.ceil(totalSteps / h.epochs) })

  try {
    const update = await compileUpdate(h, engine, state)
    const dataset = {
      folder: run.dataset.folder,
      images,
      statistics: run.statistics,
      decoders: run.decoders,
    }
    const reconstructions = await Reconstructions.open(folder, h, dataset, engine, state)
    const validation = await Validation.open(h, dataset, engine, state)
    const health = await HealthChecks.open(folder, h, dataset, engine, state, {
      step: place.step,
      epoch: epochOf(place.step),
    })
    let { step, best } = place
    let interval = { ...place.interval }
    const pace = { waited: 0, duration: 0 }
    let begin = performance.now() - place.seconds * 1000

    const save = async () => {
      const pause = performance.now()
      const values = splitState(await state.read())
      const bytes = sizeOf(values.weights) + sizeOf(values.optimizer) + spaceForTheRest
      await requireSpace(folder, bytes)
      const regular = step % saveEvery === 0 || step === totalSteps
      const loss = interval.validation ?? (interval.steps ? interval.sum / interval.steps : null)
      if (regular && loss !== null) best = betterOf(best, loss)
      if (regular) interval = noInterval
      // First, so that whoever sees the checkpoint finds its reconstructions and its metrics.
      await reconstructions.write(step)
      await flushFile(runPaths(folder).metrics)
      await saveCheckpoint(folder, {
        ...values,
        state: {
          step,
          epoch: epochOf(step),
          batch: batchesAt(step),
          batchesPerEpoch,
          number: regular ? Math.ceil(step / saveEvery) : null,
          loss,
          interval,
          best,
          seconds: (pause - begin) / 1000,
          savedAt: new Date().toISOString(),
        },
      })
      await updateRun(folder, { step })
      log(`Saved the checkpoint of step ${step}.`)
      await pruneCheckpoints(folder, h)
      tell({ type: 'checkpoint', step })
      begin += performance.now() - pause // saving is not training
      return bytes
    }

    let savedAt = saved ? step : -1
    while (step < totalSteps && !(control.stop ??= requested(folder)) && !isPatienceOver(h, best)) {
      if (!lock.isMine()) throw lockLost()
      const start = performance.now()
      const batches = await takeBatches(loader, h.accumulation).catch(async (error: unknown) => {
        if (step > savedAt) await save() // the images are gone, what was learnt from them need not be
        throw error
      })
      const waited = performance.now() - start
      for (const { path, reason } of batches.flatMap((batch) => batch.unreadable))
        log(`Left out ${path}: ${reason}.`)

      const learningRate = learningRateAt(h, epochOf(step))
      const { loss, gradientNorm } = await update.run(batches, learningRate, step + 1)
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
        await keepFailedBatch(folder, step + 1, h, batches, images)
        throw notFinite(step + 1, savedAt, runPaths(folder).failure(step + 1))
      }
      for (const batch of batches) loader.recycle(batch)
      step++
      interval = { ...interval, sum: interval.sum + loss, steps: interval.steps + 1 }

      const duration = performance.now() - start
      pace.waited = pace.waited * 0.9 + waited
      pace.duration = pace.duration * 0.9 + duration
      const ending = Math.floor(epochOf(step)) > Math.floor(epochOf(step - 1)) || step === totalSteps
      const validationLoss = ending ? await validation?.loss() : undefined
      if (Number.isFinite(validationLoss)) interval = { ...interval, validation: validationLoss! }
      begin += performance.now() - start - duration // neither is validation

      const metric: Metric = {
        step,
        epoch: epochOf(step),
        loss,
        learningRate,
        gradientNorm,
        imagesPerSecond: (h.batchSize * h.accumulation * 1000) / duration,
        dataWait: pace.waited / pace.duration,
        memory: process.memoryUsage().rss,
        seconds: (performance.now() - begin) / 1000,
        ...(Number.isFinite(validationLoss) && { validationLoss }),
      }
      appendMetric(folder, metric)
      tell({ type: 'progress', metric, totalSteps })
      begin += await health.after(step, epochOf(step)) // looking is not training

      if (step % saveEvery === 0 || step === totalSteps) {
        const bytes = await save()
        savedAt = step
        // Before the next one would not fit: nothing is lost yet.
        if (step < totalSteps) await requireSpace(folder, bytes)
      }
      // onnxruntime blocks the loop during a step: let messages and signals in.
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (savedAt !== step) await save()
    await reconstructions.dispose()
    await validation?.dispose()
    await health.dispose()
    await update.close()
    if (step < totalSteps && !isPatienceOver(h, best)) return control.stop!
    if (step < totalSteps) log(`Ends early: ${h.patience} checkpoints in a row brought no lower loss.`)
    return 'finished'
  } finally {
    await loader.close()
    state.dispose()
  }
}

/** Looks whether the images of a run are there, answers their list, and clears away what earlier processes left behind. */
export async function prepareFolder(folder: string): Promise<Manifest> {
  const images = await readImages(folder)
  requireImages((await readRun(folder)).dataset.folder, images)
  for (const place of foldersOf(folder)) await removeLeftovers(place)
  requested(folder)
  return images
}

/** What another program asks; it is asked once. */
function requested(folder: string): Control['stop'] {
  const file = runPaths(folder).request
  if (!existsSync(file)) return null
  const asked = readFileSync(file, 'utf8')
  rmSync(file)
  return asked === 'stopped' ? 'stopped' : 'paused'
}

const foldersOf = (folder: string) => {
  const { checkpoints, reconstructionsRoot, failures } = runPaths(folder)
  return [folder, checkpoints, reconstructionsRoot, failures]
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
  const bytes = await readChecked(runPaths(folder).initial, 'weights.safetensors')
  return startingState(h, engine, decodeSafetensors(bytes).tensors as NamedTensorData)
}

async function takeBatches(loader: BatchLoader, count: number): Promise<Batch[]> {
  const batches: Batch[] = []
  for (let i = 0; i < count; i++) batches.push(await loader.next())
  return batches
}

const sizeOf = (tensors: NamedTensorData) =>
  Object.values(tensors).reduce((sum, { values }) => sum + values.byteLength, 0)

const notFinite = (step: number, savedAt: number, kept: string) =>
  new AppError(
    'not-finite',
    `The loss is no longer a number at step ${step}. The batch that caused it is kept in ${kept}.`,
    `${savedAt > 0 ? `The checkpoint of step ${savedAt} is good: resume from it` : 'Start again'} with a lower base learning rate or a clipped gradient norm.`,
  )

export const lockLost = () =>
  new AppError('run-busy', 'Another process took this run over.', 'Look at it there; nothing is lost.')

/** Keeps in run.json which engine trains from which step on. */
export async function noteEngine(
  folder: string,
  { engine: id, engines }: Pick<RunFile, 'engine' | 'engines'>,
  fromStep: number,
): Promise<void> {
  const before = engines.filter((earlier) => earlier.fromStep < fromStep)
  if (before.at(-1)?.id === id) return
  await updateRun(folder, { engines: [...before, { id, fromStep, at: new Date().toISOString() }] })
}
