import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import {
  evaluation as evaluationSchema,
  type Evaluation,
  type EvaluationMetric,
  evaluationMetric,
  evaluationPlan,
  evaluationStatus,
  type Score,
  score,
  scoredView,
  type Unreadable,
} from '#shared/contract'
import { count, filePath } from '#shared/contract/common'
import { AppError } from '#shared/errors'
import type { EvaluationPlan } from '#shared/settings/evaluation'
import { encodeSafetensors, readSafetensors } from '#formats/safetensors'
import type { NamedTensorData } from '#model/tensor/step'
import { fewAtOnce } from './few-at-once'
import { reasonOf } from '#shared/system-errors'
import { makeFolder, writeFileSafely } from './files'
import { appendLine, lineOf, readValues } from './json-lines'
import { lockOwner } from './lock'
import { foldersIn, isMissing, openOwn, OutOfHandles, readOwn, unreadableNow } from './own-files'
import { type Precision, precisions } from '#shared/settings/precision'
import { runPaths } from './run/run-folder'

/**
 * The folder of an evaluation, runs/<id>/evaluations/<name>, the one truth about it for window and command line:
 *   evaluation.json         what is asked of which weights on which images; status
 *   dataset.json            the images, where they are not those of the run
 *   metrics.jsonl           a line for each epoch
 *   result.json             the score
 *   classifier.safetensors  what names classes: neighbours, the probe's layer, or the whole fine-tuned model
 *   training.safetensors    what a fine-tuning goes on from, until it is finished
 *   lock                    who carries it out, while somebody does
 */
const evaluationFile = z.object({
  format: z.literal(1),
  plan: evaluationPlan,
  step: count.nullable(),
  dataset: z.object({ name: z.string(), folder: filePath }),
  engine: z.string(),
  /** What factors of products are rounded to; evaluations of before had float32 alone. */
  precision: z.enum(precisions).default('float32'),
  threads: count,
  decoders: count,
  status: evaluationStatus.exclude(['interrupted']),
  progress: z.number(),
  /** What there was to tell apart; empty until the process has looked. */
  classes: z.array(z.string()),
  /** What there is to know of the images, such as those that were left out. */
  notices: z.array(z.string()).default([]),
  train: count,
  validation: count,
  createdAt: z.string(),
  seconds: z.number(),
  error: z.object({ code: z.string(), message: z.string(), advice: z.string().optional() }).nullable(),
  /** How the images were read that were scored; what says nothing of it was made before they were read as the field does. */
  view: scoredView.default('square'),
})
export type EvaluationFile = z.infer<typeof evaluationFile>

export const evaluationPaths = (folder: string) => ({
  file: path.join(folder, 'evaluation.json'),
  manifest: path.join(folder, 'dataset.json'),
  metrics: path.join(folder, 'metrics.jsonl'),
  score: path.join(folder, 'result.json'),
  classifier: path.join(folder, 'classifier.safetensors'),
  training: path.join(folder, 'training.safetensors'),
  lock: path.join(folder, 'lock'),
})

export const evaluationsFolder = (run: string) => runPaths(run).evaluations

export interface NewEvaluation {
  plan: EvaluationPlan
  step: number | null
  dataset: { name: string; folder: string }
  engine: string
  precision: Precision
  threads: number
  decoders: number
}

/**
 * Makes the folder of a new evaluation of a run; `writeImages` writes the list of its images where they are not the run's
 * own.
 */
export async function createEvaluation(
  run: string,
  chosen: NewEvaluation,
  writeImages: ((file: string) => Promise<unknown>) | null,
): Promise<string> {
  const now = new Date().toISOString()
  const name = `${chosen.plan.kind}-${now.replace(/[-:]/g, '').replace('T', '-').slice(0, 15)}-${Math.random().toString(36).slice(2, 6).padEnd(4, '0')}`
  const folder = path.join(evaluationsFolder(run), name)
  await makeFolder(evaluationsFolder(run))
  await mkdir(folder)
  const file: EvaluationFile = {
    format: 1,
    ...chosen,
    status: 'waiting',
    progress: 0,
    classes: [],
    notices: [],
    train: 0,
    validation: 0,
    createdAt: now,
    seconds: 0,
    error: null,
    view: chosen.plan.kind === 'segment' ? 'square' : 'field',
  }
  await writeImages?.(evaluationPaths(folder).manifest)
  await writeFileSafely(evaluationPaths(folder).file, JSON.stringify(file, null, 2))
  return folder
}

/** Throws AppError evaluation-missing where there is none that can be understood, or file-unusable. */
export async function readEvaluation(folder: string): Promise<EvaluationFile> {
  const { file } = evaluationPaths(folder)
  const text = await readOwn(file).catch((error: unknown) => {
    throw isMissing(error) ? noEvaluation(folder, 'it has no evaluation.json') : unreadableNow(file, error)
  })
  try {
    return evaluationFile.parse(JSON.parse(text))
  } catch (error) {
    throw noEvaluation(folder, `its evaluation.json is damaged (${reasonOf(error)})`)
  }
}

const noEvaluation = (folder: string, reason: string) =>
  new AppError(
    'evaluation-missing',
    `${folder} is not an evaluation: ${reason}.`,
    'Look at the list of evaluations.',
  )

/** Has an evaluation that ended early wait again. Throws AppError run-busy where it has nothing to go on from. */
export async function resumeEvaluation(folder: string): Promise<void> {
  if (!(await describeEvaluation(folder)).resumable)
    throw new AppError('run-busy', 'This evaluation has nothing to go on from.', 'Start a new one.')
  await updateEvaluation(folder, { status: 'waiting', error: null })
}

export async function updateEvaluation(folder: string, changes: Partial<EvaluationFile>): Promise<void> {
  const file = { ...(await readEvaluation(folder)), ...changes }
  await writeFileSafely(evaluationPaths(folder).file, JSON.stringify(file, null, 2))
}

export const appendEvaluationMetric = (folder: string, metric: EvaluationMetric) =>
  appendLine(evaluationPaths(folder).metrics, metric)

export const readEvaluationMetrics = (folder: string): Promise<EvaluationMetric[]> =>
  readValues(evaluationPaths(folder).metrics, evaluationMetric)

/** What a training goes on from should its process end: its state after an epoch, and the best so far. */
export interface Kept {
  epoch: number
  state: NamedTensorData
  best: Outcome | null
}

const bestName = (weight: string) => `best/${weight}`

/** Replaces what is kept, and forgets it where there is nothing to keep. */
export async function keepTraining(folder: string, kept: Kept | null): Promise<void> {
  const { training } = evaluationPaths(folder)
  if (!kept) return rm(training, { force: true })
  const best = Object.entries(kept.best?.classifier ?? {}).map(([name, tensor]) => [bestName(name), tensor])
  await writeFileSafely(
    training,
    encodeSafetensors(
      { ...kept.state, ...Object.fromEntries(best) },
      { epoch: String(kept.epoch), ...(kept.best && { best: JSON.stringify(kept.best.score) }) },
    ),
  )
}

/** What is kept of a training, and its metrics cut to that epoch; null where nothing is, or where it is damaged. */
export async function takeUpTraining(folder: string): Promise<Kept | null> {
  const { training, metrics } = evaluationPaths(folder)
  const handle = await openOwn(training).catch(() => null)
  if (!handle) return null
  const read = await readSafetensors(handle)
    .catch(() => null)
    .finally(() => handle.close())
  if (!read) {
    await writeFileSafely(metrics, '') // begins anew
    return null
  }
  const epoch = Number(read.metadata['epoch'])
  const earlier = (await readEvaluationMetrics(folder)).filter((metric) => metric.epoch <= epoch)
  await writeFileSafely(metrics, earlier.map(lineOf).join(''))
  const named = Object.entries(read.tensors as NamedTensorData)
  const isBest = (name: string) => name.startsWith(bestName(''))
  const own = named.filter(([name]) => !isBest(name))
  const best = named.flatMap(([name, tensor]) =>
    isBest(name) ? [[name.slice(bestName('').length), tensor]] : [],
  )
  const found = read.metadata['best']
  return {
    epoch,
    state: Object.fromEntries(own),
    best: found ? { score: score.parse(JSON.parse(found)), classifier: Object.fromEntries(best) } : null,
  }
}

/** What an evaluation found, and what names the classes of other images; null where that is not kept. */
export interface Outcome {
  score: Score
  classifier: NamedTensorData | null
}

/** Keeps the score, and what was trained where something was. */
export async function writeOutcome(folder: string, { score, classifier }: Outcome, classes: string[]) {
  if (classifier)
    await writeFileSafely(
      evaluationPaths(folder).classifier,
      encodeSafetensors(classifier, { format: 'pt', classes: JSON.stringify(classes) }),
    )
  await writeFileSafely(evaluationPaths(folder).score, JSON.stringify(score))
}

/** Null before there is one. */
export const readScore = (folder: string): Promise<Score | null> =>
  readOwn(evaluationPaths(folder).score).then(
    (text) => score.parse(JSON.parse(text)),
    () => null,
  )

/** The weights of a trained classifier and the classes that it knows. Throws AppError checkpoint-missing. */
export async function readClassifier(
  folder: string,
): Promise<{ weights: NamedTensorData; classes: string[] }> {
  const { classifier } = evaluationPaths(folder)
  const handle = await openOwn(classifier).catch((error: unknown) => {
    if (!isMissing(error)) throw unreadableNow(classifier, error)
    throw new AppError('checkpoint-missing', 'This evaluation has kept no classifier.', 'Evaluate again.')
  })
  const { tensors, metadata } = await readSafetensors(handle).finally(() => handle.close())
  return { weights: tensors as NamedTensorData, classes: JSON.parse(metadata['classes'] ?? '[]') as string[] }
}

/** An evaluation as the contract shows it. Throws AppError evaluation-missing where it cannot be shown. */
export async function describeEvaluation(folder: string): Promise<Evaluation> {
  const file = await readEvaluation(folder)
  const found = await readScore(folder)
  const gone = file.status === 'running' && !(await lockOwner(evaluationPaths(folder).lock))
  const { plan, step, status, progress, createdAt, seconds, error } = file
  const shown = evaluationSchema.safeParse({
    id: path.basename(folder),
    run: path.basename(path.dirname(path.dirname(folder))),
    kind: plan.kind,
    settings: plan.settings,
    step,
    dataset: {
      ...file.dataset,
      classes: file.classes.length,
      train: file.train,
      validation: file.validation,
    },
    status: gone ? 'interrupted' : status,
    progress,
    score: found,
    createdAt,
    seconds,
    error,
    notices: file.notices,
    view: file.view,
    resumable:
      (gone || ['stopped', 'failed'].includes(status)) && existsSync(evaluationPaths(folder).training),
    folder,
  })
  if (shown.success) return shown.data
  throw noEvaluation(folder, `it cannot be shown (${reasonOf(shown.error)})`)
}

/** The evaluations of a run's folder, oldest first, without those that cannot be read. */
export const listEvaluations = async (run: string): Promise<Evaluation[]> =>
  (await surveyEvaluations(run)).evaluations

/** The evaluations of a run's folder, oldest first, and what there cannot be shown as one. Throws OutOfHandles. */
export async function surveyEvaluations(
  run: string,
): Promise<{ evaluations: Evaluation[]; unreadable: Unreadable[] }> {
  const evaluations: Evaluation[] = []
  const unreadable: Unreadable[] = []
  const leaveOut = (folder: string) => (error: unknown) => {
    if (error instanceof OutOfHandles) throw error
    unreadable.push({ kind: 'evaluation', path: folder, reason: reasonOf(error) })
  }
  const all = evaluationsFolder(run)
  const names = (await foldersIn(all).catch(leaveOut(all))) ?? []
  await fewAtOnce(names, async (name) => {
    const folder = path.join(all, name)
    await describeEvaluation(folder).then((found) => evaluations.push(found), leaveOut(folder))
  })
  return { evaluations: evaluations.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)), unreadable }
}
