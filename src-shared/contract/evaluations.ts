import { z } from 'zod'
import { evaluationKindNames, evaluationKinds } from '#shared/settings/evaluation'
import { call, count, filePath, nothing, time } from './common'
import { id } from './strings'

/** The kind of an evaluation with its settings. */
export const evaluationPlan = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('knn'), settings: evaluationKinds.knn.schema }),
  z.object({ kind: z.literal('probe'), settings: evaluationKinds.probe.schema }),
  z.object({ kind: z.literal('finetune'), settings: evaluationKinds.finetune.schema }),
  z.object({ kind: z.literal('segment'), settings: evaluationKinds.segment.schema }),
])

export const evaluationStatus = z.enum([
  /** Waits for those before it. */
  'waiting',
  'running',
  'stopped',
  'finished',
  'failed',
  /** Its process ended unexpectedly. */
  'interrupted',
])

/** How images are read that are scored: resized and cropped as the field does it, or, before that, their largest square. */
export const scoredView = z.enum(['field', 'square'])

export const score = z.object({
  /** Validation images. */
  images: count,
  /** Accuracy, 0 to 1, over images (over pixels for a segmentation): the class came first, or among the first five. */
  top1: z.number(),
  top5: z.number().nullable(),
  /** Balanced accuracy: the mean of the classes' accuracies. */
  balanced: z.number(),
  /** Mean intersection over union; segmentations only. */
  meanIou: z.number().optional(),
  /** The epoch after which it was taken, where it is the best of several. */
  epoch: count.optional(),
  perClass: z.array(
    z.object({
      name: z.string(),
      images: count,
      accuracy: z.number().nullable(),
      /** Segmentations only. */
      iou: z.number().nullable().optional(),
    }),
  ),
  /** Images (pixels for a segmentation) of each class (row) that were predicted as each class (column). */
  confusion: z.array(z.array(count)),
  /** Images that were taken for another class, the surest first; classes by their place in `perClass`. */
  mistakes: z
    .array(z.object({ path: z.string(), label: count, predicted: count, confidence: z.number() }))
    .default([]),
})
export type Score = z.infer<typeof score>

/** An epoch of an evaluation that trains; scores are null in epochs without one. */
export const evaluationMetric = z.object({
  epoch: count,
  loss: z.number(),
  learningRate: z.number(),
  top1: z.number().nullable(),
  top5: z.number().nullable(),
  balanced: z.number().nullable(),
  meanIou: z.number().optional(),
  seconds: z.number(),
})
export type EvaluationMetric = z.infer<typeof evaluationMetric>

export const evaluation = z.object({
  id,
  run: id,
  kind: z.enum(evaluationKindNames),
  settings: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
  /** The checkpoint; null for random weights: a baseline, or training from scratch. */
  step: count.nullable(),
  dataset: z.object({ name: z.string(), folder: filePath, classes: count, train: count, validation: count }),
  status: evaluationStatus,
  /** 0 to 1. */
  progress: z.number(),
  score: score
    .pick({ images: true, top1: true, top5: true, balanced: true, meanIou: true, epoch: true })
    .nullable(),
  createdAt: time,
  seconds: z.number(),
  error: z.object({ code: z.string(), message: z.string(), advice: z.string().optional() }).nullable(),
  /** What there is to know of the images, such as those that were left out. */
  notices: z.array(z.string()).default([]),
  view: scoredView.default('square'),
  /** Whether it was stopped with something to go on from. */
  resumable: z.boolean().default(false),
  folder: filePath,
})
export type Evaluation = z.infer<typeof evaluation>

const place = z.object({ run: id, id })

export const evaluationCalls = {
  /** The evaluations of a run, or of all runs, oldest first. */
  'evaluations.list': call(z.object({ run: id.optional() }), z.array(evaluation)),
  /** Starts one on the run's own data set or another one with classes. One runs at a time; the others wait. */
  'evaluations.start': call(
    z.object({ run: id, step: count.nullable(), dataset: id.optional(), plan: evaluationPlan }),
    evaluation,
  ),
  'evaluations.stop': call(place, nothing),
  /** Goes on with one that is resumable, from the last epoch that was kept. */
  'evaluations.resume': call(place, evaluation),
  'evaluations.remove': call(place, nothing),
  'evaluations.metrics': call(place, z.array(evaluationMetric)),
  /** The full score; null before there is one. */
  'evaluations.score': call(place, score.nullable()),
} as const

export const evaluationEvents = {
  'evaluations.changed': evaluation,
  'evaluations.removed': place,
} as const
