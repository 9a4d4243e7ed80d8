import { closeSync, openSync } from 'node:fs'
import { hostname } from 'node:os'
import { Worker } from 'node:worker_threads'
import { AppError, toErrorData } from '../../src-shared/errors'
import { parentPort } from '../port'
import { type Control, train } from './loop'
import type { EndStatus, StopMessage, TrainingMessage } from './messages'
import { appendLog, readRun, runPaths, updateRun } from './run-folder'

/** The training process: `training.js <run folder>`. Everything else stands in the run folder. */

const folder = process.argv[2]!
const tell = (message: TrainingMessage) => parentPort.post(message)
const control: Control = { stop: null }

parentPort.onMessage((message) => {
  const { type, as } = message as StopMessage
  if (type === 'stop') control.stop = as
})
// The run outlives nobody: without its parent it saves and ends as if paused.
parentPort.onClose(() => (control.stop ??= 'paused'))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (control.stop ??= 'stopped'))

void main()

async function main(): Promise<void> {
  const beat = startHeartbeat(runPaths(folder).heartbeat)
  await updateRun(folder, { status: 'starting', process: { pid: process.pid, host: hostname() } })
  try {
    await end(await train(folder, control, tell))
  } catch (error) {
    const { hyperparameters } = await readRun(folder)
    const data = toErrorData(explain(error, hyperparameters.batchSize))
    appendLog(folder, `Failed: ${data.message} ${data.advice ?? ''}`)
    if (data.code === 'unexpected') console.error(error)
    await end('failed', data)
  }
  await beat.terminate()
  process.exit(0)
}

async function end(status: EndStatus, error?: ReturnType<typeof toErrorData>): Promise<void> {
  await updateRun(folder, { status, process: null, error: error ?? null })
  tell({ type: 'ended', status, error })
}

/** Touches a file every 2 seconds from a thread, since a step blocks this loop for as long as it takes. */
function startHeartbeat(file: string): Worker {
  closeSync(openSync(file, 'a'))
  const code = `const { utimesSync } = require('node:fs')
    const beat = () => utimesSync(${JSON.stringify(file)}, new Date(), new Date())
    beat(); setInterval(beat, 2000)`
  const thread = new Worker(code, { eval: true })
  thread.on('error', () => undefined) // the folder is gone; the loop will find out
  thread.unref()
  return thread
}

/** Errors of the machine in words, with what to do. */
function explain(error: unknown, batchSize: number): unknown {
  const text = String(error)
  if (/ENOSPC/.test(text))
    return new AppError(
      'disk-full',
      'The disk is full. The last checkpoint is whole.',
      'Free some space, then resume the run.',
    )
  if (/allocat|out of memory|bad_alloc|ENOMEM/i.test(text))
    return new AppError(
      'out-of-memory',
      `Out of memory at batch ${batchSize}.`,
      `Try ${Math.max(1, Math.floor(batchSize / 2))}, with twice the gradient accumulation to keep the effective batch.`,
    )
  return error
}
