import { readFile } from 'node:fs/promises'
import type { Metric } from '../../src-shared/contract'
import { AppError } from '../../src-shared/errors'
import type { Hyperparameters } from '../../src-shared/hyperparameters'
import { type Batch, type BatchLoader, openBatches } from '../data/batches'
import type { ImageFile } from '../data/scan'
import { createEngine } from '../engine'
import type { Program, State } from '../engine/engine'
import type { NamedTensorData } from '../ops/step'
import { orders } from '../saim/order'
import {
  accumulateStep,
  imageInputs,
  trainingState,
  trainInputs,
  trainStep,
  updateInputs,
  updateStep,
} from '../saim/pretrain'
import { learningRateAt } from '../saim/schedule'
import { initialWeights } from '../saim/weights'
import { loadNewestCheckpoint, saveCheckpoint, type SavedCheckpoint } from './checkpoint'
import type { TrainingMessage } from './messages'
import { Reconstructions } from './reconstructions'
import { appendLog, appendMetric, cutMetrics, readRun, runPaths, updateRun } from './run-folder'

/** What the outside can ask of a loop that runs. */
export interface Control {
  /** Set to end after the current step. */
  stop: 'paused' | 'stopped' | null
}

/**
 * Trains the run of a folder from its newest checkpoint, or from the start, to its end or until `control.stop`:
 * batches -> traced step -> metrics -> checkpoint and reconstructions. Throws AppError; the last checkpoint then
 * stands.
 */
export async function train(
  folder: string,
  control: Control,
  tell: (message: TrainingMessage) => void,
): Promise<'finished' | 'paused' | 'stopped'> {
  const run = await readRun(folder)
  const h = run.hyperparameters
  const images = JSON.parse(await readFile(runPaths(folder).manifest, 'utf8')) as ImageFile[]
  const log = (text: string) => tell({ type: 'log', text: appendLog(folder, text) })

  const saved = await loadNewestCheckpoint(folder, (step, error) =>
    log(`The checkpoint of step ${step} can not be used, the one before is taken: ${error}`),
  )
  const place = saved?.state ?? { step: 0, epoch: 0, loss: null, seconds: 0, savedAt: '' }
  await cutMetrics(folder, place.step)

  const engine = await createEngine(run.engine, { threads: run.threads })
  const state = engine.createState(startingState(h, saved))
  const loader = openBatches({
    folder: run.dataset.folder,
    images,
    hyperparameters: h,
    firstBatch: place.step * h.accumulation,
    decoders: run.decoders,
  })
  const totalSteps = Math.max(1, Math.floor((h.epochs * loader.batchesPerEpoch) / h.accumulation))
  const epochOf = (step: number) => (step * h.accumulation) / loader.batchesPerEpoch
  const saveEvery = Math.max(1, Math.round((h.checkpointEvery * loader.batchesPerEpoch) / h.accumulation))
  await updateRun(folder, { status: 'running', step: place.step, totalSteps, error: null })
  log(saved ? `Goes on from the checkpoint of step ${place.step}.` : `Starts: ${totalSteps} steps.`)
  tell({ type: 'started', step: place.step, totalSteps, stepsPerEpoch: Math.ceil(totalSteps / h.epochs) })

  try {
    const update = await compileUpdate(h, engine, state)
    const reconstructions = await Reconstructions.open(
      folder,
      h,
      { folder: run.dataset.folder, images },
      engine,
      state,
    )
    let { step } = place
    let last = place.loss
    let begin = performance.now() - place.seconds * 1000

    const save = async () => {
      const values = await state.read()
      const checkpoint = splitState(values)
      const seconds = (performance.now() - begin) / 1000
      // First, so that whoever sees the checkpoint finds its reconstructions.
      await reconstructions.write(step)
      await saveCheckpoint(folder, {
        ...checkpoint,
        state: { step, epoch: epochOf(step), loss: last, seconds, savedAt: new Date().toISOString() },
      })
      await updateRun(folder, { step })
      log(`Saved the checkpoint of step ${step}.`)
      tell({ type: 'checkpoint', step })
    }

    let savedAt = saved ? step : -1
    while (step < totalSteps && !control.stop) {
      const start = performance.now()
      const batches = await takeBatches(loader, h.accumulation)
      const waited = performance.now() - start
      for (const { path, reason } of batches.flatMap((batch) => batch.unreadable))
        log(`Left out ${path}: ${reason}.`)

      const learningRate = learningRateAt(h, epochOf(step))
      const { loss, gradientNorm } = await update(batches, learningRate, step + 1)
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw notFinite(step + 1, savedAt)
      step++
      last = loss

      const duration = performance.now() - start
      const metric: Metric = {
        step,
        epoch: epochOf(step),
        loss,
        learningRate,
        gradientNorm,
        imagesPerSecond: (h.batchSize * h.accumulation * 1000) / duration,
        dataWait: waited / duration,
        memory: process.memoryUsage().rss,
        seconds: (performance.now() - begin) / 1000,
      }
      appendMetric(folder, metric)
      tell({ type: 'progress', metric, totalSteps })

      if (step % saveEvery === 0 || step === totalSteps) {
        const pause = performance.now()
        await save()
        savedAt = step
        begin += performance.now() - pause // saving is not training
      }
      // onnxruntime blocks the loop during a step: let messages and signals in.
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (savedAt !== step) await save()
    await reconstructions.dispose()
    return step >= totalSteps ? 'finished' : control.stop!
  } finally {
    await loader.close()
    state.dispose()
  }
}

async function takeBatches(loader: BatchLoader, count: number): Promise<Batch[]> {
  const batches: Batch[] = []
  for (let i = 0; i < count; i++) batches.push(await loader.next())
  return batches
}

type Update = (
  batches: Batch[],
  learningRate: number,
  step: number,
) => Promise<{ loss: number; gradientNorm: number }>

/** One update of the weights from one batch, or from several whose gradients accumulate. */
async function compileUpdate(
  h: Hyperparameters,
  engine: Awaited<ReturnType<typeof createEngine>>,
  state: State,
): Promise<Update> {
  const imagesOf = (batch: Batch) => ({
    images: batch.images,
    order: orders(h, h.seed, batch.epoch, batch.indices),
  })
  const scalars = (learningRate: number, step: number) => ({
    learningRate: Float32Array.of(learningRate),
    step: Float32Array.of(step),
  })
  const number = (outputs: NamedTensorData, name: string) => outputs[name]!.values[0]!

  if (h.accumulation === 1) {
    const step = await engine.compile(trainStep(h), state, trainInputs(h))
    return async ([batch], learningRate, count) => {
      const outputs = await step.run({ ...imagesOf(batch!), ...scalars(learningRate, count) })
      return { loss: number(outputs, 'loss'), gradientNorm: number(outputs, 'gradientNorm') }
    }
  }
  const accumulate: Program = await engine.compile(accumulateStep(h), state, imageInputs(h))
  const update: Program = await engine.compile(updateStep(h), state, updateInputs())
  return async (batches, learningRate, count) => {
    let loss = 0
    for (const batch of batches)
      loss += number(await accumulate.run(imagesOf(batch)), 'loss') / batches.length
    if (!Number.isFinite(loss)) return { loss, gradientNorm: NaN }
    const outputs = await update.run(scalars(learningRate, count))
    return { loss, gradientNorm: number(outputs, 'gradientNorm') }
  }
}

/** Weights and moments of a checkpoint, or new ones. */
function startingState(h: Hyperparameters, saved: SavedCheckpoint | null): NamedTensorData {
  if (!saved) return trainingState(initialWeights(h, h.seed), h)
  return { ...trainingState(saved.weights, h), ...saved.optimizer }
}

/** Names with a slash are kept beside the weights: moments and gradients. */
function splitState(values: NamedTensorData) {
  const entries = Object.entries(values)
  return {
    weights: Object.fromEntries(entries.filter(([name]) => !name.includes('/'))),
    optimizer: Object.fromEntries(entries.filter(([name]) => name.startsWith('adam.'))),
  }
}

const notFinite = (step: number, savedAt: number) =>
  new AppError(
    'not-finite',
    `The loss is no longer a number at step ${step}.`,
    `${savedAt > 0 ? `The checkpoint of step ${savedAt} is good. ` : ''}Start again with a lower base learning rate, a longer warm-up or a clipped gradient norm.`,
  )
