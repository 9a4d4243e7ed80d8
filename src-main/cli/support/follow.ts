import path from 'node:path'
import type { Metric, RunError } from '#shared/contract'
import { AppError } from '#shared/errors'
import { duration, number } from '#shared/format'
import { flagsOf } from '#shared/settings/flags'
import { beginTraining } from '#app/runs/begin'
import { runsFolder } from '#platform/paths'
import { forkNode } from '#platform/processes'
import { newestStep } from '#storage/run/checkpoint'
import { readMetrics } from '#storage/run/metrics'
import { runPaths } from '#storage/run/run-folder'
import { openEngines } from './engines'
import { showProgress } from './progress'

/** Trains a run in a process of its own, shows its progress and ends with it. Throws the AppError that it ended by. */
export async function follow(folder: string): Promise<void> {
  console.log(`Run folder: ${folder}`)
  const progress = showProgress()
  const engines = openEngines()
  const { training, notice, why } = await beginTraining(folder, { fork: forkNode, engines }, (message) => {
    if (message.type === 'progress') progress.show(message.metric, message.totalSteps)
  })
  if (why) console.log(why)
  if (notice) console.error(`\n*** ${notice} ***\n`)

  let asked = false
  const interrupt = () => {
    if (asked) {
      training.kill()
      process.exit(130)
    }
    asked = true
    console.log('\nSaving after this step; press Ctrl-C again to quit now.')
    training.stop('stopped')
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  const { status, error } = await training.ended
  progress.end()
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  if (error) throw new AppError(error.code, error.message, adviceOf(folder, error))
  await summarise(folder, status)
}

/** What to do, and how to do it here. */
function adviceOf(folder: string, { advice, remedies = [] }: RunError): string {
  const commands = remedies.map((changes) =>
    [`saim resume ${resumeName(folder)}`, ...flagsOf(changes)].join(' '),
  )
  return [advice, ...commands].filter(Boolean).join('\n  ')
}

async function summarise(folder: string, status: string): Promise<void> {
  const metrics = await readMetrics(folder)
  const last = metrics.at(-1)
  const newest = await newestStep(folder)
  if (!last || newest === null) return
  const mean = (part: Metric[]) => number(part.reduce((sum, { loss }) => sum + loss, 0) / part.length)
  const span = Math.min(20, Math.ceil(metrics.length / 4))
  console.log(
    `Run ${status} after ${last.step} steps, ${duration(last.seconds)}. Loss ${mean(metrics.slice(0, span))} at the start, ${mean(metrics.slice(-span))} at the end.`,
  )
  console.log(`Reconstructions: ${path.join(runPaths(folder).reconstructions(newest), 'sheet.png')}`)
  console.log(`Weights: ${path.join(runPaths(folder).checkpoint(newest), 'weights.safetensors')}`)
  if (status !== 'finished') console.log(`Resume it with: saim resume ${resumeName(folder)}`)
}

const resumeName = (folder: string) =>
  path.dirname(folder) === runsFolder() ? path.basename(folder) : folder
