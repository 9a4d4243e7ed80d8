import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ClassifierKind, EvaluationMetric, ExportFormat, Metric, Score } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { EvaluationPlan } from '#shared/settings/evaluation'
import { Manifest, readImages } from '#images/manifest'
import { findClassifier, listClassifiers } from '#inference/classifiers/list'
import { openClassifier } from '#inference/classifiers/open'
import { evaluationPaths, readEvaluation, readEvaluationMetrics, readScore } from '#storage/evaluation-folder'
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
  /** What the classes were learned from, and how; null for an encoder. */
  learned: Learned | null
}

export interface Learned {
  kind: ClassifierKind
  /** Null for a classifier of few labels. */
  settings: EvaluationPlan['settings'] | null
  train: number
  score: Score | null
  metrics: EvaluationMetric[]
}

/** Which of a run's weights: of a checkpoint, or of a classifier; the newest where none is named. */
export interface Choice {
  format: ExportFormat
  step?: number
  /** The name of a classifier or an evaluation of the run. */
  evaluation?: string
}

/** Throws AppError bad-settings, checkpoint-missing, evaluation-missing or classifier-missing. */
export async function provenanceOf(
  folder: string,
  { format, step, evaluation }: Choice,
): Promise<Provenance> {
  if (format === 'classifier' && step === undefined) return classifier(folder, evaluation)
  if (format !== 'classifier' && evaluation === undefined) return pretrained(folder, step)
  throw new AppError(
    'bad-settings',
    'A classifier comes from an evaluation or from labels; the other formats from a checkpoint.',
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
    learned: null,
  }
}

async function classifier(folder: string, wanted?: string): Promise<Provenance> {
  const run = await readRun(folder)
  const all = await listClassifiers([{ id: path.basename(folder), name: run.name, folder }])
  const found = wanted === undefined ? all[0] : findClassifier(wanted, all)
  if (!found)
    throw new AppError(
      'classifier-missing',
      `${run.name} has no classifier.`,
      'Evaluate it first, or label images and keep the classifier.',
    )
  const { kind, step, place, dataset, labels: train } = found
  const { h, weights, model, statistics, classes } = await openClassifier(place)
  const source = { h, weights: weights as FloatTensors, model, statistics, classes, epoch: 0 }
  const of = { run, source, step, metrics: step === null ? [] : await metricsUpTo(folder, step) }
  const ownImages = { ...run.dataset, name: dataset, images: await readImages(folder) }
  if (kind === 'few-shot')
    return { ...of, dataset: ownImages, learned: { kind, train, settings: null, score: null, metrics: [] } }
  const evaluation = await readEvaluation(place.folder)
  const own = evaluationPaths(place.folder).manifest
  return {
    ...of,
    dataset: existsSync(own) ? { ...evaluation.dataset, images: await Manifest.read(own) } : ownImages,
    learned: {
      ...{ kind, train, settings: evaluation.plan.settings },
      score: await readScore(place.folder),
      metrics: await readEvaluationMetrics(place.folder),
    },
  }
}

const metricsUpTo = async (folder: string, step: number) =>
  (await readMetrics(folder)).filter((metric) => metric.step <= step)
