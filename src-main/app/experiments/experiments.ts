import path from 'node:path'
import { nameOfVariant, plannedRuns } from '#shared/settings/ablations'
import type { Emit, ExperimentSummary, Handlers, Unreadable } from '#shared/contract'
import { AppError } from '#shared/errors'
import { evaluationKinds, type EvaluationPlan } from '#shared/settings/evaluation'
import { listEvaluations } from '#storage/evaluation-folder'
import {
  createExperiment,
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
    'experiments.start': async ({ name: given, dataset: datasetId, hyperparameters, plan, seeds }) => {
      const dataset = await this.options.datasets.get(datasetId)
      const { runsFolder } = await this.options.settings.get()
      const planned = plannedRuns(hyperparameters, plan, seeds)
      const name = given?.trim() || dataset.name
      const id = await createExperiment({
        name,
        dataset: { name: dataset.name, folder: dataset.folder },
        classes: dataset.classes.length,
        plan,
        seeds,
        runsFolder,
        planned,
      })
      for (const [n, { changes, seed, hyperparameters: h }] of planned.entries()) {
        const run = await this.options.startRun({
          dataset: datasetId,
          hyperparameters: h,
          name: `${name}: ${nameOfVariant(changes)}${seeds > 1 ? `, seed ${seed}` : ''}`,
        })
        await noteRun(id, n, run.id)
      }
      return this.changed(id)
    },
    'experiments.remove': async ({ id }) => {
      await removeExperiment(id)
      this.options.emit('experiments.removed', { id })
    },
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
      const { runsFolder, asks, runs } = await readExperiment(id)
      if (runsFolder !== (await this.options.settings.get()).runsFolder) return
      for (const { run } of runs) {
        const folder = path.join(runsFolder, run ?? '')
        const status = run && (await readRun(folder).catch(() => null))?.status
        const step = status === 'finished' ? await newestStep(folder) : null
        if (!run || step === null) continue
        const known = (await listEvaluations(folder)).map(({ kind }) => kind)
        for (const kind of asks.filter((each) => !known.includes(each)))
          await this.options.startEvaluation({ run, step, plan: standardPlan(kind) }).catch(tellMisfit)
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

const standardPlan = (kind: 'knn' | 'probe') =>
  ({ kind, settings: evaluationKinds[kind].schema.parse({}) }) as EvaluationPlan

/** A checkpoint may go while it is asked about; the others are to be asked nevertheless. */
function tellMisfit(error: unknown): void {
  if (!(error instanceof AppError)) throw error
  console.error(error.message)
}
