import path from 'node:path'
import { type Changes, nameOfVariant } from '#shared/settings/ablations'
import {
  type Experiment,
  type ExperimentFigures,
  type ExperimentSummary,
  experimentSummary,
  type ExperimentVariant,
  type FigureName,
} from '#shared/contract'
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
}

/** An experiment with the results that its runs have so far. Throws AppError experiment-missing. */
export async function describeExperiment(id: string): Promise<Experiment> {
  const file = await readExperiment(id)
  const runs = await Promise.all(
    file.runs.map(async ({ changes, seed, run }) => ({
      name: nameOfVariant(changes),
      changes,
      result: await resultOf(file, run, seed),
    })),
  )
  const variants = [...new Map(runs.map(({ name, changes }) => [name, changes]))].map(([name, changes]) => {
    const results = runs.filter((run) => run.name === name).map(({ result }) => result)
    return variantOf(name, changes, results)
  })
  return { ...(await summarise(id, file)), variants }
}

/** Throws AppError experiment-missing. */
export const summariseExperiment = async (id: string): Promise<ExperimentSummary> =>
  summarise(id, await readExperiment(id))

async function summarise(id: string, file: ExperimentFile): Promise<ExperimentSummary> {
  const states = await Promise.all(file.runs.map(({ run }) => statusOf(file, run)))
  const { name, dataset, plan, seeds, createdAt } = file
  const finished = states.filter((status) => status === 'finished').length
  return experimentSummary.parse({
    id,
    name,
    dataset,
    plan,
    seeds,
    createdAt,
    runs: file.runs.flatMap(({ run }) => run ?? []),
    finished,
    total: file.runs.length,
  })
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

/** A run's losses at its end so far, and what its newest evaluations say. */
async function resultOf(file: ExperimentFile, run: string | null, seed: number): Promise<ExperimentRun> {
  const status = await statusOf(file, run)
  if (run === null || status === 'removed') return { run, seed, status, figures: unknown }
  const folder = path.join(file.runsFolder, run)
  const metrics = await readMetrics(folder)
  const evaluations = await listEvaluations(folder)
  const scoreOf = (kind: string) =>
    evaluations.filter((e) => e.kind === kind && e.status === 'finished' && e.step !== null).at(-1)?.score
  const [knn, probe] = [scoreOf('knn'), scoreOf('probe')]
  const figures = {
    loss: mean(metrics.slice(-20).map(({ loss }) => loss)),
    validationLoss: metrics.flatMap(({ validationLoss }) => validationLoss ?? []).at(-1) ?? null,
    knn: knn?.top1 ?? null,
    knnBalanced: knn?.balanced ?? null,
    probe: probe?.top1 ?? null,
    probeBalanced: probe?.balanced ?? null,
  }
  return { run, seed, status, figures }
}
