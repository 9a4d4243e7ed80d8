import type { RunError } from '#shared/contract'
import { toErrorData } from '#shared/errors'
import { endWithParent, parentPort } from '#platform/processes'
import { trainOnCluster, workersOf } from './cluster/cluster'
import { Reserve } from '#storage/disk'
import { Lock, startHeartbeat } from '#storage/lock'
import { train } from './loop'
import { offerToBeKilled } from './memory'
import type { EndStatus, StopMessage, TrainingMessage } from './messages'
import type { Control } from './prepare'
import { explain } from './remedies'
import { appendLog, readRun, runPaths, updateRun } from '#storage/run/run-folder'

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
endWithParent(120_000)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (control.stop ??= 'stopped'))

offerToBeKilled()
main()
  .catch((error: unknown) => tell({ type: 'ended', status: 'failed', error: toErrorData(error) }))
  .finally(() => process.exit(0))

async function main(): Promise<void> {
  const lock = await Lock.acquire(runPaths(folder).lock)
  const beat = startHeartbeat(lock.file)
  const reserve = new Reserve(runPaths(folder).reserve)
  try {
    const workers = workersOf(await updateRun(folder, { status: 'starting', error: null }))
    const status = workers
      ? await trainOnCluster(folder, workers, control, lock, tell)
      : await train(folder, control, lock, tell)
    await end(status, null)
  } catch (error) {
    reserve.release()
    if (toErrorData(error).code === 'unexpected') console.error(error)
    const explained = explain(error, (await readRun(folder)).hyperparameters)
    appendLog(folder, `Ended: ${explained.message} ${explained.advice ?? ''}`)
    if (lock.isMine()) await end(explained.code === 'disk-full' ? 'paused' : 'failed', explained)
    else throw error
  } finally {
    reserve.release()
    await beat.terminate()
    await lock.release()
  }
}

async function end(status: EndStatus, error: RunError | null): Promise<void> {
  await updateRun(folder, { status, error })
  tell({ type: 'ended', status, error: error ?? undefined })
}
