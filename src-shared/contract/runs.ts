import { z } from 'zod'
import { errorCodes } from '#shared/errors'
import { hyperparametersSchema, presetNames } from '#shared/settings/hyperparameters'
import { call, count, filePath, nothing, time } from './common'
import { hostPath, id, words } from './strings'

export const runStatus = z.enum([
  /** Waits for those before it. */
  'queued',
  'starting',
  'running',
  /** Paused by the person, memory freed; resume continues. */
  'paused',
  'stopped',
  'finished',
  /** Ended by an error; see `error`. */
  'failed',
  /** Its process ended unexpectedly: power loss, kill or crash. */
  'interrupted',
])
export type RunStatus = z.infer<typeof runStatus>

export const metric = z.object({
  /** Updates of the weights so far. */
  step: count,
  /** Passes over the data set, with a fraction. */
  epoch: z.number(),
  loss: z.number(),
  learningRate: z.number(),
  /** Norm of the whole gradient before clipping. */
  gradientNorm: z.number(),
  imagesPerSecond: z.number(),
  /** Share of the last steps' time spent waiting for images, 0 to 1. */
  dataWait: z.number(),
  /** Resident memory of the training process in bytes. */
  memory: z.number(),
  /** Loss on the held-out images; only at the end of an epoch. */
  validationLoss: z.number().optional(),
  /** Seconds of training over all resumes. */
  seconds: z.number(),
})
export type Metric = z.infer<typeof metric>

const settingValue = z.union([z.number(), z.boolean(), words(100)])

/** Why a run ended, and settings to resume it with, by name. */
export const runError = z.object({
  code: z.enum(errorCodes).catch('unexpected'),
  message: z.string(),
  advice: z.string().optional(),
  remedies: z.array(z.record(z.string(), settingValue)).optional(),
})
export type RunError = z.infer<typeof runError>

/** Where a run was resumed from a checkpoint. */
export const seam = z.object({
  /** Updates of the weights by then. */
  step: count,
  at: time,
  /** Settings that a person changed. */
  changes: z.array(z.object({ setting: z.string(), from: settingValue, to: settingValue })),
})

/** The checkpoint of another run whose weights a run started from. */
export const runOrigin = z.object({ run: z.string(), name: z.string(), step: count })

/** Workers of Ray Train or torchrun that train a run instead of this machine's engine. */
export const cluster = z.object({
  launcher: z.enum(['ray', 'torchrun']),
  /** The most workers; if some are lost, the others continue. */
  workers: z.int().min(1).max(4096),
  /** Address of a Ray cluster; null for this machine. */
  address: words(4096).nullable(),
})
export type Cluster = z.infer<typeof cluster>

export const run = z.object({
  id,
  name: z.string(),
  status: runStatus,
  /** `images` are those to train on, `validation` those held out. */
  dataset: z.object({ name: z.string(), folder: filePath, images: count, validation: count }),
  hyperparameters: hyperparametersSchema,
  engine: z.string(),
  cluster: cluster.nullable(),
  /** Threads that decode its images; 0 lets them choose. */
  decoders: count,
  /** What to know about how it runs, such as a fallback to another engine. */
  notice: z.string().nullable(),
  createdAt: time,
  updatedAt: time,
  /** Updates so far and in total. */
  step: count,
  totalSteps: count,
  /** The newest metric; null before the first step. */
  latest: metric.nullable(),
  /** Seconds left at the speed of the last steps; null if unknown. */
  secondsLeft: z.number().nullable(),
  /** The newest kNN accuracy while training, 0 to 1; null without classes or before the first. */
  knn: z.number().nullable(),
  error: runError.nullable(),
  seams: z.array(seam),
  origin: runOrigin.nullable(),
  /** Seconds without a step if that is much longer than a step takes, so the run seems to hang; null otherwise. */
  stalledSeconds: z.number().nullable(),
  notes: z.string(),
  tags: z.array(z.string()),
  pinned: z.boolean(),
  archived: z.boolean(),
  folder: filePath,
})
export type Run = z.infer<typeof run>

/**
 * Metrics by column, which keeps messages with thousands of points small. A row is a step or, in long runs, a stretch of
 * steps: the mean, lowest and highest loss of the stretch, its last validation loss, and everything else from its last step.
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
  /** Share of the time spent waiting for images, 0 to 1. */
  dataWait: z.array(z.number()),
  /** Of training, over all resumes. */
  seconds: z.array(z.number()),
  /** Null in rows without one. */
  validationLoss: z.array(z.number().nullable()),
})
export type MetricColumns = z.infer<typeof metricColumns>

/** What a row of a table shows of a run. */
export const sketch = z.object({
  id,
  /** The loss so far, as the means of a few stretches. */
  trend: z.array(z.number()),
  /** The first reconstruction of the newest checkpoint; see `checkpoint`. */
  picture: filePath.nullable(),
})
export type Sketch = z.infer<typeof sketch>

export const checkpoint = z.object({
  step: count,
  /** Its number among the regular checkpoints; null if a pause made it. */
  number: count.nullable(),
  epoch: z.number(),
  /** On held-out images; without any, the mean since the previous regular checkpoint. */
  loss: z.number().nullable(),
  bytes: count,
  /** Reconstructions: file paths `reconstruction/<run>/<step>/<name>`, one PNG row for each fixed image:
   * original, smoothed target, prediction, error. Empty if none were written. */
  reconstructions: z.array(z.string()),
  savedAt: time,
})
export type Checkpoint = z.infer<typeof checkpoint>

/** A choice of a new run's form, where a warning stands. */
export const runChoice = z.enum(['images', 'model', 'duration'])
export type RunChoice = z.infer<typeof runChoice>

/** What the time of an estimate comes from. */
const estimateBasis = z.discriminatedUnion('kind', [
  /** A run of the same model and batch. */
  z.object({ kind: z.literal('earlier-run'), run: z.string() }),
  /** A run of another model, scaled by their sizes. */
  z.object({ kind: z.literal('other-run'), run: z.string() }),
  /** What a preset took when the engine was tested here, scaled by the operations of the two models. */
  z.object({ kind: z.literal('proof'), preset: z.enum(presetNames), isSame: z.boolean() }),
  z.object({ kind: z.literal('model-size') }),
])

export const estimate = z.object({
  parameters: count,
  /** Peak memory of training in bytes, of the GPU where the engine computes on one. */
  memoryBytes: z.number(),
  memoryOf: z.enum(['machine', 'device']),
  /** Null if unknown. */
  availableMemoryBytes: z.number().nullable(),
  stepsPerEpoch: count,
  totalSteps: count,
  /** For the whole run on this machine. */
  seconds: z.number(),
  /** What that is made of, in seconds: until it begins, steps, and what is done beside them. */
  parts: z.object({
    ready: z.number(),
    training: z.number(),
    validation: z.number(),
    health: z.number(),
    checkpoints: z.number(),
  }),
  basis: estimateBasis,
  /** Checkpoints that are kept, and their size on disk. */
  checkpoints: count,
  diskBytes: z.number(),
  /** Null if unknown. */
  freeDiskBytes: z.number().nullable(),
  learningRate: z.number(),
  warnings: z.array(z.object({ at: runChoice, text: z.string() })),
})
export type Estimate = z.infer<typeof estimate>

/** Estimates for several settings on one data set. */
export const estimates = z.object({
  /** Images of the first settings: to train on, held out, and those of a test folder. */
  images: z.object({ train: count, validation: count, test: count }),
  /** Seconds until what trains and waits now is done. */
  waitSeconds: z.number(),
  /** In the order of the settings. */
  all: z.array(estimate),
})
export type Estimates = z.infer<typeof estimates>

/** What an earlier run reached that is most like a new one. */
export const expectation = z.object({
  run: z.object({ id, name: z.string() }),
  dataset: z.string(),
  /** What it has in common with the new one. */
  common: z.enum(['model-and-images', 'model', 'images']),
  epochs: count,
  loss: z.number(),
  lossOf: z.enum(['training', 'validation']),
  /** Share of images whose 20 nearest neighbours are of the same class; null if it was not measured. */
  knn: z.number().nullable(),
  /** Its first and newest checkpoints with pictures; empty if it has none. */
  checkpoints: z.array(checkpoint).max(2),
})
export type Expectation = z.infer<typeof expectation>

/** The waiting runs, next first. */
export const queue = z.object({
  ids: z.array(id),
  /** Held by a person, or because they paused a run: none starts until they continue it. */
  held: z.boolean(),
})
export type Queue = z.infer<typeof queue>

/** What the application takes of the disk, in bytes. */
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
  /** Removed runs that can still be restored. */
  trash: z.object({ runs: count, bytes: z.number() }),
  /** What is known of images: indexes and thumbnails. */
  datasetBytes: z.number(),
  /** Engines that were installed. */
  engineBytes: z.number(),
  /** Null if unknown. */
  freeBytes: z.number().nullable(),
})

/** Which checkpoints stay beside the newest. */
const retention = { keepEvery: count, keepBest: count }

export const runCalls = {
  'runs.list': call(nothing, z.array(run)),
  'runs.get': call(z.object({ id }), run),
  'runs.estimate': call(
    z.object({ dataset: id, hyperparameters: z.array(hyperparametersSchema).min(1).max(100) }),
    estimates,
  ),
  /** What to expect of a run with these settings; null if no earlier run is like it. */
  'runs.expect': call(
    z.object({ dataset: id, hyperparameters: hyperparametersSchema }),
    expectation.nullable(),
  ),
  /** The sample images, and how long a first run on them takes here. */
  'runs.sample': call(nothing, z.object({ images: count, classes: count, seconds: z.number() })),
  /** Makes a run and adds it to the queue; it starts at once if nothing else is training. */
  'runs.start': call(
    z.object({
      dataset: id,
      hyperparameters: hyperparametersSchema,
      name: words(200).optional(),
      /** Starts from the weights of a checkpoint, by default the newest. */
      from: z.object({ run: id, step: count.optional() }).optional(),
      /** Trains on a cluster instead of the engine. */
      cluster: cluster.optional(),
    }),
    run,
  ),
  /** Finishes the step, saves, frees the memory and holds the queue. */
  'runs.pause': call(z.object({ id }), nothing),
  /** Finishes the step and saves; removes a waiting run from the queue. */
  'runs.stop': call(z.object({ id }), nothing),
  /** Ends a process that does not respond. Progress since its last checkpoint is lost. */
  'runs.kill': call(z.object({ id }), nothing),
  /** Continues from the newest checkpoint, exactly or with changed settings; waits its turn in the queue. */
  'runs.resume': call(
    z.object({
      id,
      changes: z.record(words(100), settingValue).optional(),
      /** Continues with another engine; a cluster's run continues on this machine. */
      engine: words(100).optional(),
      /** Decodes its images in so many threads from now on; 0 lets them choose. */
      decoders: z.int().min(0).max(64).optional(),
      /** The address of the run's Ray cluster, where the person agreed to connect to it. */
      agreed: words(4096).optional(),
    }),
    run,
  ),
  /** Sets the folder of a run's images after they moved. */
  'runs.locate': call(z.object({ id, folder: hostPath }), run),
  'runs.queue': call(nothing, queue),
  /** Seconds that each waiting run will take, as far as earlier runs tell. */
  'runs.waits': call(nothing, z.array(z.object({ id, seconds: z.number() }))),
  /** Moves a waiting run to a place in the queue, 0 first. */
  'runs.move': call(z.object({ id, place: count }), queue),
  /** Holds the queue or continues it. */
  'runs.hold': call(z.object({ held: z.boolean() }), queue),
  'runs.disk': call(nothing, disk),
  /** Removes all checkpoints except every `keepEvery`-th, the `keepBest` best and the newest; returns the bytes freed. */
  'runs.prune': call(z.object({ id, ...retention }), z.object({ freed: z.number() })),
  /** The bytes that each rule would free over all runs that rest. */
  'runs.prunable': call(z.object({ rules: z.array(z.object(retention)).max(10) }), z.array(z.number())),
  /** Removes checkpoints of a run that is not training, never its newest; returns the bytes freed. */
  'runs.removeCheckpoints': call(
    z.object({ id, steps: z.array(count).min(1).max(100_000) }),
    z.object({ freed: z.number() }),
  ),
  /** Deletes the contents of this application's trash for good. */
  'runs.emptyTrash': call(nothing, z.object({ freed: z.number() })),
  'runs.update': call(
    z.object({
      id,
      name: words(200, 1).optional(),
      notes: words(100_000).optional(),
      tags: z.array(words(50, 1)).max(50).optional(),
      pinned: z.boolean().optional(),
      archived: z.boolean().optional(),
    }),
    run,
  ),
  /** Moves the run's folder to the trash, for `trashDays` of the settings. */
  'runs.remove': call(z.object({ id }), nothing),
  /** Brings a run back from the trash. */
  'runs.restore': call(z.object({ id }), run),
  /** At most `points` rows of metrics including the newest; only those `after` a step if given. */
  'runs.metrics': call(
    z.object({ id, points: z.int().min(2).max(2000), after: count.optional() }),
    metricColumns,
  ),
  /** Those of runs that are there, in any order. */
  'runs.sketches': call(z.object({ ids: z.array(id).max(200) }), z.array(sketch)),
  'runs.checkpoints': call(z.object({ id }), z.array(checkpoint)),
  /** The last lines of the log. */
  'runs.log': call(z.object({ id }), z.string()),
} as const

export const runEvents = {
  /** A run is new, or its status, progress or annotations changed. */
  'runs.changed': run,
  'runs.removed': z.object({ id }),
  'runs.queue': queue,
  /** New metrics of a run that is training, in this app or another process. */
  'runs.metrics': z.object({ id, metrics: metricColumns }),
  /** A checkpoint (with its reconstructions) was written. */
  'runs.checkpoint': z.object({ id, checkpoint }),
  'runs.log': z.object({ id, text: z.string() }),
} as const
