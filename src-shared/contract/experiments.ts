import { z } from 'zod'
import { sweepPlan } from '#shared/settings/ablations'
import { hyperparametersSchema } from '#shared/settings/hyperparameters'
import { call, count, filePath, id, nothing, time } from './common'
import { runStatus } from './runs'

const changes = z.record(z.string(), z.union([z.number(), z.boolean(), z.string()]))
const figure = z.number().nullable()

/** What a run came to, or the mean of a variant's runs; null where it is not known. */
export const experimentFigures = z.object({
  /** Mean of the last 20 steps. */
  loss: figure,
  validationLoss: figure,
  /** Shares of right answers, 0 to 1. */
  knn: figure,
  knnBalanced: figure,
  probe: figure,
  probeBalanced: figure,
})
export type ExperimentFigures = z.infer<typeof experimentFigures>
export type FigureName = keyof ExperimentFigures

const experimentRun = z.object({
  /** Null before there is one. */
  run: id.nullable(),
  seed: count,
  status: z.enum([...runStatus.options, 'planned', 'removed']),
  figures: experimentFigures,
})

const experimentVariant = z.object({
  name: z.string(),
  changes,
  runs: z.array(experimentRun),
  mean: experimentFigures,
})
export type ExperimentVariant = z.infer<typeof experimentVariant>

export const experimentSummary = z.object({
  id,
  name: z.string(),
  dataset: z.object({ name: z.string(), folder: filePath }),
  plan: sweepPlan,
  seeds: count,
  /** Runs that came to their end, and all. */
  finished: count,
  total: count,
  createdAt: time,
})
export type ExperimentSummary = z.infer<typeof experimentSummary>

export const experiment = experimentSummary.extend({ variants: z.array(experimentVariant) })
export type Experiment = z.infer<typeof experiment>

export const experimentCalls = {
  'experiments.list': call(nothing, z.array(experimentSummary)),
  /** With the results that there are. */
  'experiments.get': call(z.object({ id }), experiment),
  /** Makes a run for each variant and seed and puts them into the queue. */
  'experiments.start': call(
    z.object({
      name: z.string().max(100).optional(),
      dataset: id,
      /** What the variants begin with. */
      hyperparameters: hyperparametersSchema,
      plan: sweepPlan,
      seeds: z.int().min(1).max(20),
    }),
    experimentSummary,
  ),
  /** Removes the record; the runs stay. */
  'experiments.remove': call(z.object({ id }), nothing),
} as const

export const experimentEvents = {
  /** A run of it was made or ended, or what a run learned is known. */
  'experiments.changed': experimentSummary,
  'experiments.removed': z.object({ id }),
} as const
