import type { Metric } from '#shared/contract'
import { AppError } from '#shared/errors'
import { bytes as inBytes, number } from '#shared/format'
import { areGone } from '#images/batches'
import type { NamedTensorData } from '#model/tensor/step'
import { learningRateAt } from '#model/optimizers/schedule'
import { requireSpace } from '#storage/disk'
import { flushFile } from '#storage/files'
import { pruneCheckpoints, saveCheckpoint } from '#storage/run/checkpoint'
import { appendMetric } from '#storage/run/metrics'
import { betterOf, isPatienceOver, noInterval, type ResumePoint } from '#storage/run/progress'
import { appendLog, runPaths, updateRun } from '#storage/run/run-folder'
import { Clock, Waiting } from './clock'
import { keepFailedBatch } from './failed-batch'
import type { TrainingMessage } from '#jobs/train/messages'
import { openParts, type Parts } from './open'
import { splitState } from '#jobs/train/update'

/** Metrics, log and reconstructions of an interval take less than this, in bytes. */
const spaceForTheRest = 8e6

/** What a step gave; `duration` in milliseconds. */
interface StepNumbers {
  loss: number
  gradientNorm: number
  learningRate: number
  duration: number
}

/** A run in training: its state after each step, and what is done with it. */
export class Session {
  private readonly clock: Clock
  private readonly waiting = new Waiting()
  private step: number
  /** The step of the newest checkpoint; -1 where there is none. */
  private savedAt: number
  private savedBytes = 0
  private interval: ResumePoint['interval']
  private best: ResumePoint['best']

  private constructor(
    private readonly folder: string,
    private readonly parts: Parts,
    private readonly tell: (message: TrainingMessage) => void,
  ) {
    const { from, isSaved } = parts
    this.step = from.step
    this.savedAt = isSaved ? from.step : -1
    this.interval = from.interval
    this.best = from.best
    this.clock = new Clock(from.seconds)
  }

  /** Opens the run of a folder at its newest checkpoint, or at the start, and says so in the folder. Throws AppError. */
  static async open(folder: string, tell: (message: TrainingMessage) => void): Promise<Session> {
    return new Session(folder, await openParts(folder, tell), tell)
  }

  /** Whether all steps are done, or patience with its checkpoints is over. */
  get isDone(): boolean {
    return this.step >= this.parts.course.totalSteps || isPatienceOver(this.parts.h, this.best)
  }

  get isCheckpointDue(): boolean {
    return this.parts.course.isRegular(this.step)
  }

  get isSaved(): boolean {
    return this.savedAt === this.step
  }

  /**
   * Updates the weights once. Throws AppError not-finite, with the batches kept in the folder, or where the images are gone;
   * what was learned from them is saved.
   */
  async update(): Promise<StepNumbers> {
    const { h, statistics, images, course, loader, update } = this.parts
    const start = performance.now()
    const batches = Array.from({ length: h.accumulation }, () => loader.next())
    const next = this.step + 1
    const learningRate = learningRateAt(h, course.epochOf(this.step))
    const { loss, gradientNorm, waited } = await update
      .run(batches, learningRate, next)
      .catch(async (error: unknown) => {
        if (areGone(error) && this.step > this.savedAt) await this.save()
        throw error
      })
    for (const { path, reason } of batches.flatMap((batch) => batch.unreadable))
      this.log(`Left out ${path}: ${reason}.`)
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      await keepFailedBatch(this.folder, next, { h, statistics, images }, batches)
      throw notFinite(next, this.savedAt, runPaths(this.folder).failure(next))
    }
    for (const batch of batches) loader.recycle(batch)
    this.step = next
    this.interval = { ...this.interval, sum: this.interval.sum + loss, steps: this.interval.steps + 1 }
    const duration = performance.now() - start
    this.waiting.add(waited, duration)
    return { loss, gradientNorm, learningRate, duration }
  }

  /** The loss on held-out images at the end of an epoch; undefined elsewhere, and where none can be read. */
  async validate(): Promise<number | undefined> {
    const { course, validation } = this.parts
    if (!validation || !course.endsEpoch(this.step)) return undefined
    const loss = await this.clock.pause(() => validation.loss())
    if (!Number.isFinite(loss)) return undefined
    this.interval = { ...this.interval, validation: loss }
    return loss
  }

  /** Appends the metric of the step that was done. */
  note({ loss, gradientNorm, learningRate, duration }: StepNumbers, validationLoss?: number): void {
    const { h, course } = this.parts
    const metric: Metric = {
      step: this.step,
      epoch: course.epochOf(this.step),
      loss,
      learningRate,
      gradientNorm,
      imagesPerSecond: (h.batchSize * h.accumulation * 1000) / duration,
      dataWait: this.waiting.share,
      memory: process.memoryUsage().rss,
      seconds: this.clock.seconds,
      ...(validationLoss !== undefined && { validationLoss }),
    }
    appendMetric(this.folder, metric)
    this.tell({ type: 'progress', metric, totalSteps: course.totalSteps })
  }

  checkHealth = () =>
    this.clock.pause(() => this.parts.health.after(this.step, this.parts.course.epochOf(this.step)))

  /** Writes a checkpoint with its reconstructions, and removes those that are not to be kept. Throws AppError disk-full. */
  save = () => this.clock.pause(() => this.write())

  /** Throws AppError disk-full where the next checkpoint would not fit: nothing is lost yet. */
  async requireSpaceForNext(): Promise<void> {
    if (this.step < this.parts.course.totalSteps) await requireSpace(this.folder, this.savedBytes)
  }

  /** Ends what computes, and says where patience ended the run. */
  async finish(): Promise<void> {
    const { h, course, reconstructions, validation, health, update } = this.parts
    await reconstructions.dispose()
    await validation?.dispose()
    await health.dispose()
    await update.close()
    if (this.isDone && this.step < course.totalSteps)
      this.log(`Ends early: ${h.patience} checkpoints in a row brought no lower loss.`)
  }

  /** Lets go of images and weights, however the session ended. */
  async close(): Promise<void> {
    await this.parts.loader.close()
    this.parts.state.dispose()
  }

  private log = (text: string) => this.tell({ type: 'log', text: appendLog(this.folder, text) })

  private async write(): Promise<void> {
    const { folder, step, interval } = this
    const { h, course, state, reconstructions } = this.parts
    const values = splitState(await state.read())
    const bytes = bytesOf(values.weights) + bytesOf(values.optimizer) + spaceForTheRest
    await requireSpace(folder, bytes)
    const isRegular = course.isRegular(step)
    const loss = interval.validation ?? (interval.steps ? interval.sum / interval.steps : null)
    if (isRegular && loss !== null) this.best = betterOf(this.best, loss)
    if (isRegular) this.interval = noInterval
    // First, so that whoever sees the checkpoint finds its reconstructions and its metrics.
    await reconstructions.write(step)
    await flushFile(runPaths(folder).metrics)
    await saveCheckpoint(folder, {
      ...values,
      state: {
        step,
        epoch: course.epochOf(step),
        batch: course.batchesAt(step),
        batchesPerEpoch: course.batchesPerEpoch,
        number: isRegular ? course.numberOf(step) : null,
        loss,
        interval: this.interval,
        best: this.best,
        seconds: this.clock.seconds,
        savedAt: new Date().toISOString(),
      },
    })
    await updateRun(folder, { step })
    const of = interval.validation === null ? 'training' : 'validation'
    const reached = loss === null ? '' : `; ${of} loss ${number(loss)}`
    this.log(`Saved the checkpoint of step ${step}, ${inBytes(bytes)}${reached}.`)
    await pruneCheckpoints(folder, h)
    this.tell({ type: 'checkpoint', step })
    this.savedAt = step
    this.savedBytes = bytes
  }
}

const bytesOf = (tensors: NamedTensorData) =>
  Object.values(tensors).reduce((sum, { values }) => sum + values.byteLength, 0)

const notFinite = (step: number, savedAt: number, failure: string) =>
  new AppError(
    'not-finite',
    `The loss is no longer a number at step ${step}. The batch that caused it is kept in ${failure}.`,
    `${savedAt > 0 ? `The checkpoint of step ${savedAt} is good: resume from it` : 'Start again'} with a lower base learning rate or a clipped gradient norm.`,
  )
