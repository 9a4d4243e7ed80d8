import path from 'node:path'
import {
  type Changes,
  nameOfVariant,
  type PlannedRun,
  plannedRuns,
  titleOfVariant,
} from '#shared/settings/ablations'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Emit, ExperimentScore, ExperimentSummary, Handlers, Unreadable } from '#shared/contract'
import { AppError } from '#shared/errors'
import { evaluationKinds, type EvaluationPlan } from '#shared/settings/evaluation'
import { datasetId } from '#platform/paths'
import { listEvaluations } from '#storage/evaluation-folder'
import {
  addPlanned,
  createExperiment,
  type ExperimentFile,
  experimentIds,
  experimentPaths,
  noteRun,
  readExperiment,
  removeExperiment,
} from '#storage/experiment-file'
import { describeExperiment, summariseExperiment } from './results'
import { fewAtOnce } from '#storage/few-at-once'
import { reasonOf } from '#shared/system-errors'
import { OutOfHandles } from '#storage/own-files'
import { newestStep } from '#storage/run/checkpoint'
import { Lock } from '#storage/lock'
import { readRun } from '#storage/run/run-folder'
import type { Datasets } from '#app/datasets'
import type { Settings } from '#app/settings'

type ExperimentCalls = Pick<Handlers, Extract<keyof Handlers, `experiments.${string}`>>

interface ExperimentsOptions {
  emit: Emit
  datasets: Datasets
  settings: Settings
  startRun: Handlers['runs.start']
  startEvaluation: Handlers['evaluations.start']
}

/** Sweeps as runs in the queue, each asked what it learned once it came to its end. */
export class Experiments {
  private last: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: ExperimentsOptions) {}

  readonly calls: ExperimentCalls = {
    'experiments.list': async () => (await this.survey()).experiments,
    'experiments.get': ({ id }) => describeExperiment(id),
    'experiments.start': async ({
      name: given,
      dataset: datasetId,
      hyperparameters,
      plan,
      seeds,
      ...how
    }) => {
      const dataset = await this.options.datasets.get(datasetId)
      const { runsFolder } = await this.options.settings.get()
      const planned = plannedRuns(hyperparameters, plan, seeds)
      const id = await createExperiment({
        name: given?.trim() || dataset.name,
        dataset: { name: dataset.name, folder: dataset.folder },
        classes: dataset.classes.length,
        plan,
        seeds,
        runsFolder,
        planned,
        ...how,
      })
      await this.startRuns(id, datasetId, 0, planned)
      return this.changed(id)
    },
    'experiments.addSeeds': async ({ id, seeds }) => {
      const file = await readExperiment(id)
      const next = Math.max(...file.runs.map(({ seed }) => seed)) + 1
      const variants = [...new Map(file.runs.map((run) => [nameOfVariant(run.changes), run])).values()]
      const shared = await Promise.all(variants.map((variant) => this.settingsOf(file, variant.changes)))
      const planned = Array.from({ length: seeds }, (_, k) => next + k).flatMap((seed) =>
        variants.map(({ changes }, v) => ({ changes, seed, hyperparameters: { ...shared[v]!, seed } })),
      )
      const first = await addPlanned(id, file.seeds + seeds, planned)
      await this.startRuns(id, datasetId(file.dataset.folder), first, planned)
      return this.changed(id)
    },
    'experiments.remove': async ({ id }) => {
      await removeExperiment(id)
      this.options.emit('experiments.removed', { id })
    },
  }

  /** Makes the runs that are planned from a place of the record on. */
  private async startRuns(id: string, dataset: string, from: number, planned: PlannedRun[]): Promise<void> {
    for (const [n, { changes, seed, hyperparameters }] of planned.entries()) {
      const name = `${titleOfVariant(changes)}, seed ${seed}`
      const run = await this.options.startRun({ dataset, hyperparameters, name })
      await noteRun(id, from + n, run.id)
    }
  }

  /** The settings of a variant, as its runs that are still there have them. Throws AppError run-missing. */
  private async settingsOf({ runsFolder, runs }: ExperimentFile, changes: Changes): Promise<Hyperparameters> {
    for (const { run } of runs.filter((each) => nameOfVariant(each.changes) === nameOfVariant(changes))) {
      const found = run === null ? null : await readRun(path.join(runsFolder, run)).catch(() => null)
      if (found) return found.hyperparameters
    }
    throw new AppError(
      'run-missing',
      `All runs of “${titleOfVariant(changes)}” were removed.`,
      'Start a new experiment.',
    )
  }

  /** The experiments, oldest first, and the records that cannot be shown as one. Throws OutOfHandles. */
  async survey(): Promise<{ experiments: ExperimentSummary[]; unreadable: Unreadable[] }> {
    const found = await fewAtOnce(await experimentIds(), (id) =>
      summariseExperiment(id).catch((error: unknown): Unreadable => {
        if (error instanceof OutOfHandles) throw error
        return { kind: 'experiment', path: experimentPaths(id).file, reason: reasonOf(error) }
      }),
    )
    return {
      experiments: found.filter((each) => 'id' in each),
      unreadable: found.filter((each) => 'kind' in each),
    }
  }

  /** Tells that a run changed or was asked, where it belongs to an experiment; asks what finished runs learned. */
  advance = (run?: string): Promise<void> => {
    const done = this.last.then(async () => {
      for (const id of await experimentIds()) {
        const file = await readExperiment(id).catch(() => null)
        if (!file || (run !== undefined && !file.runs.some((each) => each.run === run))) continue
        // What is wrong with one experiment concerns no other.
        await this.ask(id)
          .then(() => this.changed(id))
          .catch((error: unknown) => console.error(error))
      }
    })
    this.last = done.catch((error: unknown) => console.error(error))
    return done
  }

  /** Starts the evaluations that finished runs of an experiment lack, unless a sweep of the command line does so. */
  private async ask(id: string): Promise<void> {
    const lock = await Lock.acquire(experimentPaths(id).lock).catch(() => null)
    if (!lock) return
    try {
      const { runsFolder, asks, baseline, runs } = await readExperiment(id)
      if (runsFolder !== (await this.options.settings.get()).runsFolder) return
      for (const { run, changes } of runs) {
        const folder = path.join(runsFolder, run ?? '')
        const status = run && (await readRun(folder).catch(() => null))?.status
        const step = status === 'finished' ? await newestStep(folder) : null
        if (!run || step === null) continue
        const isFirst = nameOfVariant(changes) === nameOfVariant(runs[0]!.changes)
        const known = await listEvaluations(folder)
        for (const weights of baseline && isFirst ? [step, null] : [step]) {
          const asked = known.filter((each) => (each.step === null) === (weights === null))
          for (const kind of asks.filter((each) => !asked.some((one) => one.kind === each)))
            await this.options
              .startEvaluation({ run, step: weights, plan: standardPlan(kind) })
              .catch(tellMisfit)
        }
      }
    } finally {
      await lock.release()
    }
  }

  private async changed(id: string): Promise<ExperimentSummary> {
    const summary = await summariseExperiment(id)
    this.options.emit('experiments.changed', summary)
    return summary
  }
}

const standardPlan = (kind: ExperimentScore) =>
  ({ kind, settings: evaluationKinds[kind].schema.parse({}) }) as EvaluationPlan

/** A checkpoint may go while it is asked about; the others are to be asked nevertheless. */
function tellMisfit(error: unknown): void {
  if (!(error instanceof AppError)) throw error
  console.error(error.message)
}
