import { existsSync } from 'node:fs'
import path from 'node:path'
import type { EvaluationMetric, ExportFormat, Metric, Score } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { FineTuneSettings } from '#shared/settings/evaluation'
import { Manifest, readImages } from '#images/manifest'
import { openClassifier } from '#inference/classifiers/open'
import {
  evaluationPaths,
  evaluationsFolder,
  listEvaluations,
  readEvaluation,
  readEvaluationMetrics,
  readScore,
} from '#storage/evaluation-folder'
import { chooseStep, loadCheckpoint } from '#storage/run/checkpoint'
import { readMetrics } from '#storage/run/metrics'
import { readRun, type RunFile } from '#storage/run/run-folder'
import type { Source } from './formats'
import { encoderModel } from './model'
import type { FloatTensors } from '#formats/tensors'

/** What is taken elsewhere: the weights, and all that a model card says about them. */
export interface Provenance {
  run: RunFile
  source: Source
  /** The checkpoint that they are or began with; null where they began at random. */
  step: number | null
  /** Of the pre-training, up to the checkpoint. */
  metrics: Metric[]
  /** The images that the weights last learned from. */
  dataset: { name: string; folder: string; images: Manifest }
  fineTuning: FineTuning | null
}

export interface FineTuning {
  id: string
  settings: FineTuneSettings
  train: number
  score: Score | null
  metrics: EvaluationMetric[]
}

/** Which of a run's weights: of a checkpoint or, as a classifier, of a fine-tuning; the newest where none is named. */
export interface Choice {
  format: ExportFormat
  step?: number
  /** The name of an evaluation of the run. */
  evaluation?: string
}

/** Throws AppError bad-settings, checkpoint-missing or evaluation-missing. */
export async function provenanceOf(
  folder: string,
  { format, step, evaluation }: Choice,
): Promise<Provenance> {
  if (format === 'classifier' && step === undefined) return fineTuned(folder, evaluation)
  if (format !== 'classifier' && evaluation === undefined) return pretrained(folder, step)
  throw new AppError(
    'bad-settings',
    'A classifier comes from a fine-tuning evaluation; the other formats from a checkpoint.',
    'Choose an evaluation for the classifier, or a step for the other formats.',
  )
}

async function pretrained(folder: string, wanted?: number): Promise<Provenance> {
  const run = await readRun(folder)
  const step = await chooseStep(folder, wanted)
  const { weights, state } = await loadCheckpoint(folder, step)
  const { hyperparameters: h, statistics, dataset } = run
  return {
    run,
    source: { h, weights: weights as FloatTensors, model: encoderModel(h), epoch: state.epoch, statistics },
    step,
    metrics: await metricsUpTo(folder, step),
    dataset: { ...dataset, images: await readImages(folder) },
    fineTuning: null,
  }
}

async function fineTuned(folder: string, wanted?: string): Promise<Provenance> {
  const run = await readRun(folder)
  const tuned = (await listEvaluations(folder)).filter(
    ({ kind, folder }) => kind === 'finetune' && existsSync(evaluationPaths(folder).classifier),
  )
  const id = wanted === undefined ? tuned.at(-1)?.id : tuned.find((one) => one.id === wanted)?.id
  if (id === undefined)
    throw new AppError(
      'evaluation-missing',
      `${run.name} has no ${wanted === undefined ? 'fine-tuning' : 'such fine-tuning'} with a classifier.`,
      'Fine-tune it first, on the Evaluate page or with saim finetune.',
    )
  const place = path.join(evaluationsFolder(folder), id)
  const { plan, step, dataset, train } = await readEvaluation(place)
  const settings = plan.settings as FineTuneSettings
  const { h, weights, model, statistics, classes } = await openClassifier({ folder: place, run: folder })
  const own = evaluationPaths(place).manifest
  return {
    run,
    source: { h, weights: weights as FloatTensors, model, epoch: settings.epochs, statistics, classes },
    step,
    metrics: step === null ? [] : await metricsUpTo(folder, step),
    dataset: { ...dataset, images: existsSync(own) ? await Manifest.read(own) : await readImages(folder) },
    fineTuning: {
      id,
      settings,
      train,
      score: await readScore(place),
      metrics: await readEvaluationMetrics(place),
    },
  }
}

const metricsUpTo = async (folder: string, step: number) =>
  (await readMetrics(folder)).filter((metric) => metric.step <= step)
