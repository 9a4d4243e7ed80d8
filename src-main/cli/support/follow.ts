import { spawn } from 'node:child_process'
import path from 'node:path'
import type { Metric, Run, RunError } from '#shared/contract'
import { AppError } from '#shared/errors'
import { duration, number } from '#shared/format'
import { flagsOf } from '#shared/settings/flags'
import { beginTraining } from '#app/runs/begin'
import { neutralFolder, runsFolder } from '#platform/paths'
import { forkNode } from '#platform/processes'
import { newestStep } from '#storage/run/checkpoint'
import { readMetrics } from '#storage/run/metrics'
import { runPaths } from '#storage/run/run-folder'
import { lines, say, warn } from './answer'
import { openEngines } from './engines'
import { endAs } from './exit-codes'
import { showProgress } from './progress'
import { runAt } from './runs'

/** A run after its training, with what it left behind. */
export interface Trained extends Run {
  /** Mean losses of its first and its last steps. */
  losses: { first: number; last: number } | null
  weights: string | null
  reconstructions: string | null
}

/**
 * Trains a run in a process of its own, shows its progress and ends with it. Throws the AppError that it ended by; where it was
 * stopped before its end, so does the command.
 */
export async function follow(folder: string): Promise<Trained> {
  say(`Run folder: ${folder}`)
  const progress = showProgress()
  const engines = openEngines()
  const { training, notice, why } = await beginTraining(folder, { fork: forkNode, engines }, (message) => {
    if (message.type === 'progress') progress.show(message.metric, message.totalSteps)
  })
  if (why) say(why)
  if (notice) warn(`\n*** ${notice} ***\n`)

  let asked = false
  const interrupt = () => {
    if (asked) {
      training.kill()
      endAs('stopped')
      process.exit()
    }
    asked = true
    say('\nSaving after this step; press Ctrl-C again to quit now.')
    training.stop('stopped')
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  const { status, error } = await training.ended
  progress.end()
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  if (error) throw new AppError(error.code, error.message, adviceOf(folder, error))
  if (status !== 'finished') endAs('stopped')
  return leftBy(folder)
}

/** Has another program train a run, which goes on when this one has ended. */
export function trainApart(folder: string): Promise<Trained> {
  const parameters = [process.argv[1]!, 'resume', folder, '--quiet']
  spawn(process.execPath, parameters, { detached: true, stdio: 'ignore', cwd: neutralFolder() }).unref()
  return leftBy(folder)
}

/** What to do, and how to do it here. */
function adviceOf(folder: string, { advice, remedies = [] }: RunError): string {
  const commands = remedies.map((changes) =>
    [`saim resume ${resumeName(folder)}`, ...flagsOf(changes)].join(' '),
  )
  return [advice, ...commands].filter(Boolean).join('\n  ')
}

/** A run as it is now. */
export async function leftBy(folder: string): Promise<Trained> {
  const [run, metrics, newest] = [await runAt(folder), await readMetrics(folder), await newestStep(folder)]
  const mean = (part: Metric[]) => part.reduce((sum, { loss }) => sum + loss, 0) / part.length
  const span = Math.min(20, Math.ceil(metrics.length / 4))
  const paths = runPaths(folder)
  return {
    ...run,
    losses: metrics.length ? { first: mean(metrics.slice(0, span)), last: mean(metrics.slice(-span)) } : null,
    weights: newest === null ? null : path.join(paths.checkpoint(newest), 'weights.safetensors'),
    reconstructions: newest === null ? null : path.join(paths.reconstructions(newest), 'sheet.png'),
  }
}

export function trainedWords(trained: Trained): string {
  const { folder, status, latest, losses, weights, reconstructions } = trained
  if (status === 'starting' || status === 'running')
    return lines(`Run folder: ${folder}`, `Wait for it with: saim wait ${resumeName(folder)}`)
  return lines(
    `Run ${status}${latest ? ` after ${latest.step} steps, ${duration(latest.seconds)}` : ''}.${losses ? ` Loss ${number(losses.first)} at the start, ${number(losses.last)} at the end.` : ''}`,
    reconstructions && `Reconstructions: ${reconstructions}`,
    weights && `Weights: ${weights}`,
    status !== 'finished' && `Resume it with: saim resume ${resumeName(folder)}`,
  )
}

const resumeName = (folder: string) =>
  path.dirname(folder) === runsFolder() ? path.basename(folder) : folder
