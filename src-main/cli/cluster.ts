import { existsSync } from 'node:fs'
import { cluster } from '#shared/contract'
import { AppError } from '#shared/errors'
import { runPaths } from '#storage/run/run-folder'
import { folderOf, resume, train, type TrainOptions } from './train'

/** `saim cluster`: trains a new run, or goes on with one, by the workers of a cluster. */
export async function trainByCluster(
  given: string | undefined,
  { engine, launcher, workers, address = null, ...options }: TrainOptions & Record<string, unknown>,
): Promise<void> {
  const chosen = cluster.safeParse({ launcher, workers, address })
  if (!chosen.success)
    throw new AppError(
      'bad-settings',
      `--workers ${workers} is no number of workers.`,
      'Such as --workers 2.',
    )
  const isRun = given !== undefined && existsSync(runPaths(folderOf(given, options.runs)).manifest)
  if (isRun) await resume(given, { ...options, cluster: chosen.data })
  else await train(given, { ...options, engine, cluster: chosen.data })
}
