import { existsSync } from 'node:fs'
import { cluster } from '#shared/contract'
import { AppError } from '#shared/errors'
import { isRunFolder } from '#storage/run/find'
import { resume, train, type TrainOptions } from './train'

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
  const isImages = given === undefined || (existsSync(given) && !isRunFolder(given))
  if (isImages) await train(given, { ...options, engine, cluster: chosen.data })
  else await resume(given, { ...options, cluster: chosen.data })
}
