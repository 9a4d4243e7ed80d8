import type { Run } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { StopMessage } from '#jobs/train/messages'
import { pause } from '#platform/background'
import { writeFileSafely } from '#storage/files'
import { lockOwner } from '#storage/lock'
import { runPaths, updateRun } from '#storage/run/run-folder'

/** How long another program may take to end a run, in milliseconds. */
const patience = 600_000

/**
 * Ends the waiting of a run, or asks the program that trains it, by its folder, and waits until that has saved. Throws AppError
 * run-busy where it does not end.
 */
export async function endRun(run: Run, as: StopMessage['as']): Promise<void> {
  if (run.status === 'queued')
    return void (await updateRun(run.folder, { status: run.step > 0 ? 'paused' : 'stopped' }))
  const paths = runPaths(run.folder)
  if (!(await lockOwner(paths.lock))) return
  await writeFileSafely(paths.request, as)
  const begin = performance.now()
  while (await lockOwner(paths.lock)) {
    if (performance.now() - begin > patience)
      throw new AppError(
        'run-busy',
        `${run.name} was asked to end and is still being trained after ${patience / 60_000} minutes.`,
        'Its step may take that long. Otherwise end its process.',
      )
    await pause(200)
  }
}
