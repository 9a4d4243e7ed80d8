import path from 'node:path'
import { type Changes, nameOfVariant, titleOfVariant } from '#shared/settings/ablations'
import {
  type Experiment,
  type ExperimentFigures,
  type ExperimentSummary,
  experimentSummary,
  type ExperimentVariant,
  type FigureName,
} from '#shared/contract'
import { findingOf } from '#shared/finding'
import { listEvaluations } from '#storage/evaluation-folder'
import { lockOwner } from '#storage/lock'
import { readMetrics } from '#storage/run/metrics'
import { readRun, runPaths } from '#storage/run/run-folder'
import { type ExperimentFile, readExperiment } from '#storage/experiment-file'

type ExperimentRun = ExperimentVariant['runs'][number]

const unknown: ExperimentFigures = {
  loss: null,
  validationLoss: null,
  knn: null,
  knnBalanced: null,
  probe: null,
  probeBalanced: null,
  finetune: null,
  finetuneBalanced: null,
}

/** An experiment with the results that its runs have so far. Throws AppError experiment-missing. */
export async function describeExperiment(id: string): Promise<Experiment> {
  const file = await readExperiment(id)
  const runs = await Promise.all(file.runs.map((run) => resultOf(file, run, true)))
  return {
    ...summaryOf(id, file, runs),
    ...variantsOf(runs),
    scores: file.asks,
    baseline: baselineOf(file, runs),
  }
}

/** Throws AppError experiment-missing. */
export async function summariseExperiment(id: string): Promise<ExperimentSummary> {
  const file = await readExperiment(id)
  return summaryOf(id, file, await Promise.all(file.runs.map((run) => resultOf(file, run, false))))
}

function summaryOf(id: string, file: ExperimentFile, runs: Result[]): ExperimentSummary {
  const { name, dataset, plan, seeds, createdAt } = file
  const having = (...statuses: ExperimentRun['status'][]) =>
    runs.filter(({ run }) => statuses.includes(run.status)).length
  const { variants, testImages } = variantsOf(runs)
  return experimentSummary.parse({
    ...{ id, name, dataset, plan, seeds, createdAt },
    runs: file.runs.flatMap(({ run }) => run ?? []),
    finished: having('finished'),
    total: file.runs.length,
    failed: having('failed', 'interrupted'),
    under: having('running', 'starting') ? 'running' : having('queued', 'planned') ? 'queued' : null,
    finding: findingOf(variants, 'knnBalanced', testImages),
  })
}

/** The runs by what differs between them, and the test images of their newest kNN. */
function variantsOf(runs: Result[]): Pick<Experiment, 'variants' | 'testImages'> {
  const names = [...new Map(runs.map(({ changes }) => [nameOfVariant(changes), changes]))]
  const variants = names.map(([name, changes]) => {
    const own = runs.filter((run) => nameOfVariant(run.changes) === name)
    return variantOf(
      titleOfVariant(changes),
      changes,
      own.map(({ run }) => run),
    )
  })
  return { variants, testImages: Math.max(0, ...runs.map(({ testImages }) => testImages)) }
}

/** What random weights score, by the runs of the first variant. */
function baselineOf({ baseline, runs: [first] }: ExperimentFile, runs: Result[]): Experiment['baseline'] {
  if (!baseline || !first) return null
  const own = runs.filter(({ changes }) => nameOfVariant(changes) === nameOfVariant(first.changes))
  return variantOf(
    'Random weights',
    {},
    own.map(({ run, random }) => ({ ...run, figures: random })),
  )
}

function variantOf(name: string, changes: Changes, runs: ExperimentRun[]): ExperimentVariant {
  const meanOf = (figure: FigureName) => mean(runs.flatMap(({ figures }) => figures[figure] ?? []))
  const figures = Object.keys(unknown) as FigureName[]
  return {
    name,
    changes,
    runs,
    mean: Object.fromEntries(figures.map((figure) => [figure, meanOf(figure)])) as ExperimentFigures,
  }
}

const mean = (values: number[]) =>
  values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null

async function statusOf(
  { runsFolder }: ExperimentFile,
  run: string | null,
): Promise<ExperimentRun['status']> {
  if (run === null) return 'planned'
  const folder = path.join(runsFolder, run)
  const found = await readRun(folder).catch(() => null)
  if (!found) return 'removed'
  const dead = found.status === 'running' && !(await lockOwner(runPaths(folder).lock))
  return dead ? 'interrupted' : found.status
}

interface Result {
  changes: Changes
  run: ExperimentRun
  /** The scores of its random weights. */
  random: ExperimentFigures
  testImages: number
}

/** What the newest evaluations of a run say and, where they are wanted, its losses at its end so far. */
async function resultOf(
  file: ExperimentFile,
  { changes, seed, run }: ExperimentFile['runs'][number],
  withLosses: boolean,
): Promise<Result> {
  const status = await statusOf(file, run)
  if (run === null || status === 'removed')
    return { changes, run: { run, seed, status, figures: unknown }, random: unknown, testImages: 0 }
  const folder = path.join(file.runsFolder, run)
  const metrics = withLosses ? await readMetrics(folder) : []
  const evaluations = (await listEvaluations(folder)).filter((each) => each.status === 'finished')
  const scores = (random: boolean): ExperimentFigures => {
    const of = (kind: string) =>
      evaluations.filter((each) => each.kind === kind && (each.step === null) === random).at(-1)?.score
    const [knn, probe, finetune] = [of('knn'), of('probe'), of('finetune')]
    return {
      loss: null,
      validationLoss: null,
      knn: knn?.top1 ?? null,
      knnBalanced: knn?.balanced ?? null,
      probe: probe?.top1 ?? null,
      probeBalanced: probe?.balanced ?? null,
      finetune: finetune?.top1 ?? null,
      finetuneBalanced: finetune?.balanced ?? null,
    }
  }
  const figures = {
    ...scores(false),
    loss: mean(metrics.slice(-20).map(({ loss }) => loss)),
    validationLoss: metrics.flatMap(({ validationLoss }) => validationLoss ?? []).at(-1) ?? null,
  }
  const testImages = Math.max(0, ...evaluations.map(({ score }) => score?.images ?? 0))
  return { changes, run: { run, seed, status, figures }, random: scores(true), testImages }
}
