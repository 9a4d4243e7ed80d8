import { z } from 'zod'
import { errorCodes } from '#shared/errors'
import { hyperparametersSchema } from '#shared/settings/hyperparameters'
import { call, count, filePath, id, nothing, time } from './common'

export const runStatus = z.enum([
  /** Waits until those before it are done. */
  'queued',
  'starting',
  'running',
  /** Stopped by the person, memory freed; goes on with resume. */
  'paused',
  'stopped',
  'finished',
  /** Ended by an error that it explains. */
  'failed',
  /** Its worker is gone without a word: power cut, kill, crash. */
  'interrupted',
])
export type RunStatus = z.infer<typeof runStatus>

export const metric = z.object({
  /** Updates of the weights done. */
  step: count,
  /** Passes over the data set, with fraction. */
  epoch: z.number(),
  loss: z.number(),
  learningRate: z.number(),
  /** Norm of the whole gradient before clipping. */
  gradientNorm: z.number(),
  imagesPerSecond: z.number(),
  /** Share of the time of the last steps in which they waited for images, 0 to 1. */
  dataWait: z.number(),
  /** Resident memory of the training process in bytes. */
  memory: z.number(),
  /** Loss on the images held out, at the end of each epoch; absent elsewhere. */
  validationLoss: z.number().optional(),
  /** Seconds of training since the run began, over all resumes. */
  seconds: z.number(),
})
export type Metric = z.infer<typeof metric>

const settingValue = z.union([z.number(), z.boolean(), z.string()])

/** Why a run ended, and settings that it may be resumed with, each by its name. */
export const runError = z.object({
  code: z.enum(errorCodes).catch('unexpected'),
  message: z.string(),
  advice: z.string().optional(),
  remedies: z.array(z.record(z.string(), settingValue)).optional(),
})
export type RunError = z.infer<typeof runError>

/** Where a run went on from a checkpoint. */
export const seam = z.object({
  /** The updates done by then. */
  step: count,
  at: time,
  /** Settings that a person changed. */
  changes: z.array(z.object({ setting: z.string(), from: settingValue, to: settingValue })),
})

/** The checkpoint of another run whose weights a run began with. */
export const runOrigin = z.object({ run: z.string(), name: z.string(), step: count })

/** Who trains a run in place of this machine's engine: workers that Ray Train or torchrun start. */
export const cluster = z.object({
  launcher: z.enum(['ray', 'torchrun']),
  /** At most so many; after a loss those that are left. */
  workers: z.int().min(1).max(4096),
  /** Of a Ray cluster; null for this machine. */
  address: z.string().nullable(),
})
export type Cluster = z.infer<typeof cluster>

export const run = z.object({
  id,
  name: z.string(),
  status: runStatus,
  dataset: z.object({ name: z.string(), folder: filePath, images: count }),
  hyperparameters: hyperparametersSchema,
  engine: z.string(),
  cluster: cluster.nullable(),
  /** What the person should know of how it runs, such as that another engine stepped in. */
  notice: z.string().nullable(),
  createdAt: time,
  updatedAt: time,
  /** Updates done and in all. */
  step: count,
  totalSteps: count,
  /** The newest metric; null before the first step. */
  latest: metric.nullable(),
  /** Seconds to go at the speed of the last steps; null where unknown. */
  secondsLeft: z.number().nullable(),
  error: runError.nullable(),
  seams: z.array(seam),
  origin: runOrigin.nullable(),
  /** Seconds without a step, where that is much longer than steps take: it seems to hang. */
  stalledSeconds: z.number().nullable(),
  notes: z.string(),
  tags: z.array(z.string()),
  pinned: z.boolean(),
  archived: z.boolean(),
  folder: filePath,
})
export type Run = z.infer<typeof run>

/**
 * Metrics by column, so that thousands of points are small on the wire. A row is a step or, of long runs, a stretch of
 * steps: then it has the mean, lowest and highest loss of the stretch, its last validation loss, and all else of its last step.
 */
export const metricColumns = z.object({
  step: z.array(z.number()),
  epoch: z.array(z.number()),
  /** Steps that a row stands for. */
  steps: z.array(z.number()),
  loss: z.array(z.number()),
  lossLow: z.array(z.number()),
  lossHigh: z.array(z.number()),
  learningRate: z.array(z.number()),
  gradientNorm: z.array(z.number()),
  imagesPerSecond: z.array(z.number()),
  memory: z.array(z.number()),
  /** Null in the rows that have none. */
  validationLoss: z.array(z.number().nullable()),
})
export type MetricColumns = z.infer<typeof metricColumns>

export const checkpoint = z.object({
  step: count,
  /** Its place among the regular checkpoints; null where a pause made it. */
  number: count.nullable(),
  epoch: z.number(),
  /** On held-out images; without such images the mean since the regular checkpoint before. */
  loss: z.number().nullable(),
  bytes: count,
  /** Reconstructions: file paths `reconstruction/<run>/<step>/<name>`, one PNG row for each fixed image:
   * original, smoothed target, prediction, error. Empty where none were written. */
  reconstructions: z.array(z.string()),
  savedAt: time,
})
export type Checkpoint = z.infer<typeof checkpoint>

export const estimate = z.object({
  parameters: count,
  /** Peak memory of training in bytes. */
  memoryBytes: z.number(),
  availableMemoryBytes: z.number(),
  stepsPerEpoch: count,
  totalSteps: count,
  /** Of the whole run; from earlier runs of the same model on this machine where there are any. */
  seconds: z.number(),
  basis: z.enum(['earlier-run', 'model-size']),
  /** Disk that all checkpoints will take. */
  diskBytes: z.number(),
  /** Null where unknown. */
  freeDiskBytes: z.number().nullable(),
  learningRate: z.number(),
  warnings: z.array(z.string()),
})
export type Estimate = z.infer<typeof estimate>

/** The runs that wait, next first. */
export const queue = z.object({
  ids: z.array(id),
  /** A person holds it, or paused a run: none starts until they let it go on. */
  held: z.boolean(),
})
export type Queue = z.infer<typeof queue>

/** What the runs take on disk, in bytes. */
export const disk = z.object({
  runs: z.array(
    z.object({
      id,
      name: z.string(),
      checkpoints: count,
      checkpointBytes: z.number(),
      totalBytes: z.number(),
    }),
  ),
  /** Of runs that were removed and can still be had back; 0 where the system keeps them. */
  trashBytes: z.number(),
  /** Null where unknown. */
  freeBytes: z.number().nullable(),
})

export const runCalls = {
  'runs.list': call(nothing, z.array(run)),
  'runs.get': call(z.object({ id }), run),
  'runs.estimate': call(z.object({ dataset: id, hyperparameters: hyperparametersSchema }), estimate),
  /** Makes a run and puts it into the queue; it starts at once where nothing is being trained. */
  'runs.start': call(
    z.object({
      dataset: id,
      hyperparameters: hyperparametersSchema,
      name: z.string().max(200).optional(),
      /** Begins with the weights of a checkpoint; the newest where no step is given. */
      from: z.object({ run: id, step: count.optional() }).optional(),
      /** Trains on a cluster instead of by the engine. */
      cluster: cluster.optional(),
    }),
    run,
  ),
  /** Finishes the step, saves, frees the memory. The queue waits then. */
  'runs.pause': call(z.object({ id }), nothing),
  /** Finishes the step and saves; takes a run that waits out of the queue. */
  'runs.stop': call(z.object({ id }), nothing),
  /** Ends a process that does not answer. What it did since its last checkpoint is lost. */
  'runs.kill': call(z.object({ id }), nothing),
  /** Goes on from the newest checkpoint, exactly or with some settings changed; waits its turn in the queue. */
  'runs.resume': call(
    z.object({
      id,
      changes: z.record(z.string(), settingValue).optional(),
      /** Goes on with another engine; a run of a cluster, on this machine. */
      engine: z.string().optional(),
    }),
    run,
  ),
  /** Says where the images of a run lie now. */
  'runs.locate': call(z.object({ id, folder: filePath }), run),
  'runs.queue': call(nothing, queue),
  /** Puts a run that waits at a place of the queue, 0 first. */
  'runs.move': call(z.object({ id, place: count }), queue),
  /** Holds the queue, or lets it go on. */
  'runs.hold': call(z.object({ held: z.boolean() }), queue),
  'runs.disk': call(nothing, disk),
  /** Removes checkpoints but every `keepEvery`-th, the `keepBest` best and the newest; answers the bytes freed. */
  'runs.prune': call(z.object({ id, keepEvery: count, keepBest: count }), z.object({ freed: z.number() })),
  /** Removes what is in the trash of this application for good. */
  'runs.emptyTrash': call(nothing, z.object({ freed: z.number() })),
  'runs.update': call(
    z.object({
      id,
      name: z.string().min(1).max(200).optional(),
      notes: z.string().max(100_000).optional(),
      tags: z.array(z.string().min(1).max(50)).max(50).optional(),
      pinned: z.boolean().optional(),
      archived: z.boolean().optional(),
    }),
    run,
  ),
  /** Moves the run's folder to the trash. */
  'runs.remove': call(z.object({ id }), nothing),
  /** At most `points` rows of metrics, the newest among them; `after` a step where given. */
  'runs.metrics': call(
    z.object({ id, points: z.int().min(2).max(2000), after: count.optional() }),
    metricColumns,
  ),
  'runs.checkpoints': call(z.object({ id }), z.array(checkpoint)),
  /** The last lines of the log. */
  'runs.log': call(z.object({ id }), z.string()),
} as const

export const runEvents = {
  /** A run is new, or its status, progress or annotations changed. */
  'runs.changed': run,
  'runs.removed': z.object({ id }),
  'runs.queue': queue,
  /** New metrics of a run that is being trained, by this app or by another process. */
  'runs.metrics': z.object({ id, metrics: metricColumns }),
  /** A checkpoint (with its reconstructions) was written. */
  'runs.checkpoint': z.object({ id, checkpoint }),
  'runs.log': z.object({ id, text: z.string() }),
} as const
