import path from 'node:path'
import { type Changes, nameOfVariant, titleOfVariant } from '#shared/settings/ablations'
import {
  type Evaluation,
  type Experiment,
  type ExperimentFigures,
  type ExperimentSummary,
  experimentSummary,
  type ExperimentVariant,
  type FigureName,
} from '#shared/contract'
import { evaluationKinds } from '#shared/settings/evaluation'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { scoreRecipe, trainingRecipe } from '#shared/settings/recipe'
import { findingOf } from '#shared/finding'
import { listEvaluations } from '#storage/evaluation-folder'
import { lockOwner } from '#storage/lock'
import { readMetrics } from '#storage/run/metrics'
import { readRun, runPaths } from '#storage/run/run-folder'
import { type ExperimentFile, readExperiment } from '#storage/experiment-file'

/** The kinds of evaluation whose scores are shown. */
const kinds = ['knn', 'probe', 'finetune'] as const

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
    recipe: recipeOf(file, runs),
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

/** How the runs were trained and scored, by the first of them that is there; scores by others are told where they differ. */
function recipeOf({ asks }: ExperimentFile, runs: Result[]): Experiment['recipe'] {
  const named = [...new Set(runs.flatMap(({ changes }) => Object.keys(changes)))]
  const varied = named.filter((name) => new Set(runs.map(({ changes }) => changes[name])).size > 1)
  const trained = runs.find(({ hyperparameters }) => hyperparameters)?.hyperparameters
  return [
    ...(trained ? [{ title: 'Pre-training', words: trainingRecipe(trained, varied) }] : []),
    ...asks.flatMap((kind) => {
      const own = runs.flatMap(({ ways }) => ways.filter((way) => way.kind === kind))
      const told = new Set(own.map(scoreRecipe))
      return told.size
        ? [{ title: evaluationKinds[kind].title, words: [...told].join('; for other runs ') }]
        : []
    }),
  ]
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

/** The settings and the status of a run. */
async function stateOf({ runsFolder }: ExperimentFile, run: string | null): Promise<RunState> {
  if (run === null) return { status: 'planned', hyperparameters: null }
  const folder = path.join(runsFolder, run)
  const found = await readRun(folder).catch(() => null)
  if (!found) return { status: 'removed', hyperparameters: null }
  const dead = found.status === 'running' && !(await lockOwner(runPaths(folder).lock))
  return { status: dead ? 'interrupted' : found.status, hyperparameters: found.hyperparameters }
}

interface RunState {
  status: ExperimentRun['status']
  hyperparameters: Hyperparameters | null
}

interface Result {
  changes: Changes
  run: ExperimentRun
  /** The scores of its random weights. */
  random: ExperimentFigures
  testImages: number
  /** Its settings, null where it is not there; and how its scores were taken. */
  hyperparameters: Hyperparameters | null
  ways: Pick<Evaluation, 'kind' | 'settings'>[]
}

/** What the newest evaluations of a run say and, where they are wanted, its losses at its end so far. */
async function resultOf(
  file: ExperimentFile,
  { changes, seed, run }: ExperimentFile['runs'][number],
  withLosses: boolean,
): Promise<Result> {
  const { status, hyperparameters } = await stateOf(file, run)
  if (run === null || status === 'removed')
    return {
      ...{ changes, run: { run, seed, status, figures: unknown }, random: unknown },
      ...{ testImages: 0, hyperparameters, ways: [] },
    }
  const folder = path.join(file.runsFolder, run)
  const metrics = withLosses ? await readMetrics(folder) : []
  const evaluations = (await listEvaluations(folder)).filter((each) => each.status === 'finished')
  const newest = (kind: string, random: boolean) =>
    evaluations.filter((each) => each.kind === kind && (each.step === null) === random).at(-1)
  const scores = (random: boolean): ExperimentFigures => {
    const [knn, probe, finetune] = kinds.map((kind) => newest(kind, random)?.score)
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
  const ways = kinds.flatMap((kind) => newest(kind, false) ?? [])
  const described = { run, seed, status, figures }
  return { changes, run: described, random: scores(true), testImages, hyperparameters, ways }
}
