import { existsSync } from 'node:fs'
import path from 'node:path'
import { AppError, type AppErrorData, toErrorData } from '#shared/errors'
import { accuracy, number } from '#shared/format'
import type { EvaluationPlan } from '#shared/settings/evaluation'
import { decoderCount } from '#images/decode/decoders'
import { Manifest, readImages } from '#images/manifest'
import { decided } from '#shared/settings/precision'
import { sharesCores } from '#engine/engine'
import { createEngine, engineChoice } from '#engine/engines'
import { endWithParent, parentPort } from '#platform/processes'
import { loadCheckpoint } from '#storage/run/checkpoint'
import { Lock, startHeartbeat } from '#storage/lock'
import { readRun } from '#storage/run/run-folder'
import { evaluate } from './evaluation'
import type { Reporter, Subject } from './subject'
import {
  appendEvaluationMetric,
  evaluationPaths,
  keepTraining,
  type Outcome,
  readEvaluation,
  takeUpTraining,
  updateEvaluation,
  writeOutcome,
} from '#storage/evaluation-folder'
import { taskOf } from './labelled'
import { segment, segmentationTaskOf } from './segmentation'
import { initialWeights } from '#model/objectives/index'

/** The evaluation process: `evaluation.js <folder of the evaluation>`. Everything else is in that folder. */

/** What it tells its parent: its progress, which is also in the folder, and its end. */
export type EvaluationMessage =
  | { type: 'progress'; progress: number; text: string }
  | { type: 'notice'; text: string }
  | { type: 'ended'; status: 'finished' | 'stopped' | 'failed'; error: AppErrorData | null }

const folder = process.argv[2]!
const run = path.dirname(path.dirname(folder))
const tell = (message: EvaluationMessage) => parentPort.post(message)
let stopped = false
const stop = () => void (stopped = true)
parentPort.onMessage(stop) // the only message it ever gets
parentPort.onClose(stop)
endWithParent(30_000)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)

main()
  .catch((error: unknown) => tell({ type: 'ended', status: 'failed', error: toErrorData(error) }))
  .finally(() => process.exit(0))

async function main(): Promise<void> {
  const begin = performance.now()
  const seconds = () => (performance.now() - begin) / 1000
  const lock = await Lock.acquire(evaluationPaths(folder).lock).catch(() => {
    throw inOtherHands()
  })
  const beat = startHeartbeat(lock.file)
  try {
    if ((await readEvaluation(folder)).status !== 'waiting') throw inOtherHands()
    await updateEvaluation(folder, { status: 'running' })
    await work(seconds)
    const status = stopped ? 'stopped' : 'finished'
    await updateEvaluation(folder, {
      status,
      seconds: seconds(),
      ...(stopped ? {} : { progress: 1 }),
    })
    tell({ type: 'ended', status, error: null })
  } catch (error) {
    const data = toErrorData(error)
    if (data.code === 'unexpected') console.error(error)
    if (data.code === 'run-busy') throw error
    await updateEvaluation(folder, { status: 'failed', seconds: seconds(), error: data })
    tell({ type: 'ended', status: 'failed', error: data })
  } finally {
    await beat.terminate()
    await lock.release()
  }
}

const inOtherHands = () =>
  new AppError('run-busy', 'This evaluation is running elsewhere or has already run.', 'Look at its result.')

/** The training and held-out images of a plan, and what evaluates on them. Throws AppError too-few-images. */
function prepare(plan: EvaluationPlan, images: string, manifest: Manifest) {
  type Ask = (subject: Subject, report: Reporter) => Promise<Outcome | null>
  if (plan.kind === 'segment') {
    const task = segmentationTaskOf(images, manifest)
    const ask: Ask = (subject, report) => segment(subject, plan.settings, task, report)
    return { ...task, ask }
  }
  const task = taskOf(images, manifest)
  const ask: Ask = (subject, report) => evaluate(subject, task, plan, report)
  return { ...task, ask }
}

async function work(seconds: () => number): Promise<void> {
  const { plan, step, dataset, engine: id, precision, threads, ...chosen } = await readEvaluation(folder)
  const { hyperparameters: h, statistics } = await readRun(run)
  const weights = step === null ? initialWeights(h, h.seed) : (await loadCheckpoint(run, step)).weights
  const own = evaluationPaths(folder).manifest
  const images = existsSync(own) ? await Manifest.read(own) : await readImages(run)
  const { train, validation, ask } = prepare(plan, dataset.folder, images)
  await updateEvaluation(folder, { train: train.images.length, validation: validation.images.length })

  const engine = await createEngine(id, { threads, precision })
  const decoders = chosen.decoders || decoderCount(sharesCores(engine.device))
  const epochs = plan.kind === 'knn' ? 0 : plan.settings.epochs
  /** Share of the work that is computing features: all of kNN, about half of the probe. */
  const featureShare = { knn: 1, probe: 0.5, finetune: 0, segment: 0.5 }[plan.kind]
  let reportedAt = 0
  let writing = Promise.resolve()
  const progressed = (progress: number, text: string) => {
    if (performance.now() - reportedAt < 500) return
    reportedAt = performance.now()
    writing = writing
      .then(() => updateEvaluation(folder, { progress, seconds: seconds() }))
      .then(() => tell({ type: 'progress', progress, text }))
      .catch((error: unknown) => console.error(error)) // the result may find room again
  }
  const notices: string[] = []
  const subject = { engine, h, weights, decoders, statistics }
  const report: Reporter = {
    features(done, total) {
      progressed((featureShare * done) / total, `features of ${done} of ${total} images`)
    },
    epoch(metric) {
      appendEvaluationMetric(folder, { ...metric, seconds: seconds() })
      const score = metric.top1 === null ? '' : ` | top-1 ${accuracy(metric.top1)}`
      progressed(
        featureShare + ((1 - featureShare) * metric.epoch) / epochs,
        `epoch ${metric.epoch}/${epochs} | loss ${number(metric.loss)}${score}`,
      )
    },
    notice(text) {
      notices.push(text)
      tell({ type: 'notice', text })
    },
    stopped: () => stopped,
    kept: await takeUpTraining(folder),
    keep: (kept) => keepTraining(folder, kept),
  }
  if (precision !== decided(h.precision))
    report.notice(
      `The run trains in ${h.precision}, which ${engineChoice(id).title} does not have here: this is computed in ${precision}.`,
    )
  const outcome = await ask(subject, report).finally(async () => {
    await writing
    await updateEvaluation(folder, { notices })
  })
  if (!outcome) return
  const classes = outcome.score.perClass.map(({ name }) => name)
  await updateEvaluation(folder, { classes })
  await writeOutcome(folder, outcome, classes)
  if (!stopped) await keepTraining(folder, null)
}
