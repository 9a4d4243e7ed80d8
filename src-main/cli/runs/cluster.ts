import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import { cluster } from '#shared/contract'
import { AppError } from '#shared/errors'
import { isRunFolder } from '#storage/run/find'
import { answers } from '#cli/support/answer'
import { type Trained, trainedWords } from '#cli/support/follow'
import { whole } from '#cli/support/options'
import { resume } from './resume'
import { newRunOptions, train, type TrainOptions } from './train'

export const clusterCommand = answers(
  newRunOptions(new Command('cluster'))
    .description('train by the workers of a Ray cluster or of torchrun, with the PyTorch of your Python')
    .argument('[folder or run]', 'the images of a new run, or the id, name or folder of a run to go on with')
    .addOption(
      new Option('--launcher <name>', 'who starts the workers')
        .choices(cluster.shape.launcher.options)
        .default('ray'),
    )
    .addOption(new Option('--workers <n>', 'the most workers').default(2).argParser(whole(1, 4096)))
    .option('--address <address>', 'of the Ray cluster; without it, this machine'),
  trainByCluster,
  trainedWords,
)

/** `saim cluster`: trains a new run, or goes on with one, by the workers of a cluster. */
async function trainByCluster(
  given: string | undefined,
  { engine, launcher, workers, address = null, ...options }: TrainOptions & Record<string, unknown>,
): Promise<Trained> {
  const chosen = cluster.safeParse({ launcher, workers, address })
  if (!chosen.success)
    throw new AppError('bad-settings', `--workers ${workers} is not a number of workers.`, 'Try --workers 2.')
  const isImages = given === undefined || (existsSync(given) && !isRunFolder(given))
  if (isImages) return train(given, { ...options, engine, cluster: chosen.data })
  return resume(given, { ...options, cluster: chosen.data })
}
