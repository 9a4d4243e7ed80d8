import { z } from 'zod'
import { sweepPlan } from '#shared/settings/ablations'
import { hyperparametersSchema } from '#shared/settings/hyperparameters'
import { call, count, filePath, nothing, time } from './common'
import { id, words } from './strings'
import { runStatus } from './runs'

const changes = z.record(z.string(), z.union([z.number(), z.boolean(), z.string()]))
const figure = z.number().nullable()

/** The results of a run, or the means over a variant's runs; null if unknown. */
export const experimentFigures = z.object({
  /** Mean of the last 20 steps. */
  loss: figure,
  validationLoss: figure,
  /** Accuracies, 0 to 1. */
  knn: figure,
  knnBalanced: figure,
  probe: figure,
  probeBalanced: figure,
  finetune: figure,
  finetuneBalanced: figure,
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

/** How finished runs are scored. */
export const experimentScore = z.enum(['knn', 'probe', 'finetune'])
export type ExperimentScore = z.infer<typeof experimentScore>

/** Which variant is ahead by kNN; see `findingOf` (shared/finding). */
export const finding = z.object({
  /** The best variant, and the one behind it. */
  best: z.string(),
  second: z.string(),
  /** Mean of the best minus that of the second, 0 to 1. */
  gain: z.number(),
  /** Whether it is more than chance. */
  clear: z.boolean(),
})
export type Finding = z.infer<typeof finding>

export const experimentSummary = z.object({
  id,
  name: z.string(),
  dataset: z.object({ name: z.string(), folder: filePath }),
  plan: sweepPlan,
  seeds: count,
  /** The runs that were made. */
  runs: z.array(id),
  /** Finished runs, and all runs. */
  finished: count,
  total: count,
  /** Runs that failed or were interrupted. */
  failed: count,
  /** Of the runs that still train or wait, the furthest; null without any. */
  under: z.enum(['running', 'queued']).nullable(),
  /** By kNN, mean per class; null before two variants have it. */
  finding: finding.nullable(),
  createdAt: time,
})
export type ExperimentSummary = z.infer<typeof experimentSummary>

export const experiment = experimentSummary.extend({
  variants: z.array(experimentVariant),
  /** The same scores of random weights; null without them. */
  baseline: experimentVariant.nullable(),
  scores: z.array(experimentScore),
  /** How its runs were trained, but for what is compared, and how each score was taken, once there is one. */
  recipe: z.array(z.object({ title: z.string(), words: z.string() })),
  /** Test images behind a score; 0 before there is one. */
  testImages: count,
})
export type Experiment = z.infer<typeof experiment>

export const experimentCalls = {
  'experiments.list': call(nothing, z.array(experimentSummary)),
  /** With the results so far. */
  'experiments.get': call(z.object({ id }), experiment),
  /** Adds a run for each variant and seed to the queue. */
  'experiments.start': call(
    z.object({
      name: words(100).optional(),
      dataset: id,
      /** What the variants share. */
      hyperparameters: hyperparametersSchema,
      plan: sweepPlan,
      seeds: z.int().min(1).max(20),
      /** How to score finished runs; nothing without classes. By default kNN and linear probe. */
      scores: z.array(experimentScore).optional(),
      /** Whether to score random weights too. */
      baseline: z.boolean().optional(),
    }),
    experimentSummary,
  ),
  /** Adds runs of each variant with further seeds to the queue. */
  'experiments.addSeeds': call(z.object({ id, seeds: z.int().min(1).max(20) }), experimentSummary),
  /** Removes the record and keeps the runs. */
  'experiments.remove': call(z.object({ id }), nothing),
} as const

export const experimentEvents = {
  /** One of its runs was made, ended or evaluated. */
  'experiments.changed': experimentSummary,
  'experiments.removed': z.object({ id }),
} as const
