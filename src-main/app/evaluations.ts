import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Emit, Evaluation, Handlers, Unreadable } from '#shared/contract'
import { AppError } from '#shared/errors'
import {
  createEvaluation,
  describeEvaluation,
  evaluationsFolder,
  readEvaluationMetrics,
  readScore,
  resumeEvaluation,
  surveyEvaluations,
  updateEvaluation,
} from '#storage/evaluation-folder'
import { fewAtOnce } from '#storage/few-at-once'
import type { EvaluationMessage } from '#jobs/evaluate/process'
import { type Child, endWithin, type Fork } from '#platform/processes'
import { chooseStep } from '#storage/run/checkpoint'
import { folderOfRun } from '#storage/run/find'
import { readRun } from '#storage/run/run-folder'
import type { Datasets } from './datasets'
import type { Engines } from './engines'
import { allowed } from './folders'
import type { Settings } from './settings'

type EvaluationCalls = Pick<Handlers, Extract<keyof Handlers, `evaluations.${string}`>>
type Place = { run: string; id: string }

/** Only what folders hold out; see evaluation/labelled.ts. */
const nothingHeld = { fraction: 0, seed: 0 }

/** How long an evaluation may take to end after it was asked to, in milliseconds: the features of a batch, and its records. */
const patience = 120_000

interface EvaluationsOptions {
  fork: Fork
  emit: Emit
  datasets: Datasets
  engines: Engines
  settings: Settings
  runs(): Promise<string[]>
  /** An evaluation that this application carried out came to its end. */
  onEnd?: (evaluation: Evaluation) => void
}

/** Evaluations of runs: kept in the runs' folders, carried out one after the other in processes of their own. */
export class Evaluations {
  private turn: Promise<void> = Promise.resolve()
  private current: { folder: string; child: Child; ended: Promise<void> } | null = null
  private closed = false

  constructor(private readonly options: EvaluationsOptions) {}

  readonly calls: EvaluationCalls = {
    'evaluations.list': async ({ run }) => {
      if (run !== undefined) await this.runFolder(run)
      const { evaluations } = await this.survey(run === undefined ? await this.options.runs() : [run])
      return evaluations.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
    },
    'evaluations.start': async ({ run: id, step, dataset: other, plan }) => {
      const run = await this.runFolder(id)
      const { dataset, hyperparameters } = await readRun(run)
      if (step !== null) await chooseStep(run, step)
      const chosen = other === undefined ? null : await this.options.datasets.get(other)
      const { engine: wanted, threads, decoders } = await this.options.settings.get()
      const by = await this.options.engines.evaluating(wanted, hyperparameters.precision)
      const folder = await createEvaluation(
        run,
        { plan, step, dataset: chosen ?? dataset, ...by, threads, decoders },
        chosen && ((file) => this.options.datasets.writeManifest(chosen.id, file, nothingHeld)),
      )
      this.enqueue(folder)
      return this.changed(folder)
    },
    'evaluations.stop': async (place) => {
      const folder = await this.folderOf(place)
      if (this.current?.folder === folder) {
        await this.endCurrent()
        return
      }
      const { status } = await describeEvaluation(folder)
      if (status !== 'waiting')
        throw new AppError(
          'run-busy',
          'This evaluation is not carried out by this application.',
          'Stop it there.',
        )
      await updateEvaluation(folder, { status: 'stopped' })
      await this.changed(folder)
    },
    'evaluations.resume': async (place) => {
      const folder = await this.folderOf(place)
      await resumeEvaluation(folder)
      this.enqueue(folder)
      return this.changed(folder)
    },
    'evaluations.remove': async (place) => {
      const folder = await this.folderOf(place)
      if ((await describeEvaluation(folder)).status === 'running')
        throw new AppError('run-busy', 'This evaluation is being carried out.', 'Stop it first.')
      await rm(folder, { recursive: true })
      this.options.emit('evaluations.removed', place)
    },
    'evaluations.metrics': async (place) => readEvaluationMetrics(await this.folderOf(place)),
    'evaluations.score': async (place) => readScore(await this.folderOf(place)),
  }

  /** The evaluations of runs, and what lies beside them and cannot be shown as one. Throws OutOfHandles. */
  async survey(runs: string[]): Promise<{ evaluations: Evaluation[]; unreadable: Unreadable[] }> {
    const found = await fewAtOnce(runs, async (id) => {
      const folder = await this.runFolder(id).catch(() => null)
      return folder ? surveyEvaluations(folder) : { evaluations: [], unreadable: [] } // removed meanwhile
    })
    return {
      evaluations: found.flatMap(({ evaluations }) => evaluations),
      unreadable: found.flatMap(({ unreadable }) => unreadable),
    }
  }

  /** Takes up what still waited when the application ended. */
  async resume(): Promise<void> {
    for (const evaluation of await this.calls['evaluations.list']({}))
      if (evaluation.status === 'waiting') this.enqueue(evaluation.folder)
  }

  /** Stops what is being carried out and starts nothing more. */
  async close(): Promise<void> {
    this.closed = true
    await this.endCurrent()
  }

  /** Asks what is being carried out to stop, and does not wait for ever. */
  private async endCurrent(): Promise<void> {
    if (!this.current) return
    const { child, ended } = this.current
    child.post({ type: 'stop' })
    const forget = endWithin(child, patience)
    await ended
    forget()
  }

  private enqueue(folder: string): void {
    this.turn = this.turn.then(() => this.carryOut(folder)).catch((error) => console.error(error))
  }

  private async runFolder(id: string): Promise<string> {
    return allowed(folderOfRun(id, (await this.options.settings.get()).runsFolder))
  }

  private async folderOf({ run, id }: Place): Promise<string> {
    return path.join(evaluationsFolder(await this.runFolder(run)), id)
  }

  private async changed(folder: string): Promise<Evaluation> {
    const evaluation = await describeEvaluation(folder)
    this.options.emit('evaluations.changed', evaluation)
    return evaluation
  }

  private async carryOut(folder: string): Promise<void> {
    if (this.closed || (await describeEvaluation(folder)).status !== 'waiting') return
    const child = this.options.fork('evaluation', [folder])
    let said = false
    child.onMessage((message) => {
      said ||= (message as EvaluationMessage).type === 'ended'
      void this.changed(folder).catch(() => undefined) // removed meanwhile
    })
    const ended = new Promise<void>((resolve) =>
      child.onExit((_code, errors) => {
        if (errors) console.error(errors)
        resolve()
      }),
    )
    this.current = { folder, child, ended }
    await ended
    this.current = null
    if (!said)
      await updateEvaluation(folder, {
        status: 'failed',
        error: { code: 'worker-died', message: 'The evaluation ended unexpectedly.', advice: 'Try again.' },
      })
    this.options.onEnd?.(await this.changed(folder))
  }
}
