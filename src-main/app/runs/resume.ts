import type { Cluster } from '#shared/contract'
import { AppError } from '#shared/errors'
import { type Hyperparameters, withChanges } from '#shared/settings/hyperparameters'
import { lockOwner } from '#storage/lock'
import { changeSettings, readRun, runPaths, updateRun } from '#storage/run/run-folder'
import { agreeToCluster, requireAgreement } from './clusters'
import { locateImages } from './locate'
import { requireTrainer } from './trainer'

/** What is another than before. */
export interface ResumeOrder {
  changes?: Partial<Hyperparameters>
  /** Goes on with this engine, also where a cluster trained it. */
  engine?: string
  cluster?: Cluster
  /** Threads that decode its images. */
  decoders?: number
  /** Where its images lie now. */
  images?: string
}

/**
 * The one way to have a run go on: for the window and the command line. Changes what is to be another and leaves the run
 * ready for `beginTraining`. Throws AppError run-missing, run-busy, bad-settings, engine-unavailable or folder-missing;
 * the run is then as before.
 */
export async function resumeRun(
  folder: string,
  { changes = {}, engine, cluster, decoders, images }: ResumeOrder = {},
): Promise<void> {
  const run = await readRun(folder)
  if (await lockOwner(runPaths(folder).lock))
    throw new AppError('run-busy', `${run.name} is being trained.`, 'Stop it first.')
  if (run.status === 'finished')
    throw new AppError('run-busy', `${run.name} is finished.`, 'Start a new run from its weights.')
  const trainer = { engine: engine ?? run.engine, cluster: cluster ?? (engine ? null : run.cluster) }
  requireTrainer(trainer, withChanges(run.hyperparameters, changes))
  await agreeToCluster(cluster?.address)
  await requireAgreement(trainer.cluster?.address)
  if (images) await locateImages(folder, images)
  if (Object.keys(changes).length) await changeSettings(folder, changes)
  await updateRun(folder, { ...trainer, ...(decoders === undefined ? {} : { decoders }) })
}
