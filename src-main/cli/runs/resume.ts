import path from 'node:path'
import { Command } from 'commander'
import type { Cluster } from '#shared/contract'
import { allSettings, isChangeable } from '#shared/settings/hyperparameters'
import { resumeRun } from '#app/runs/resume'
import { findRun } from '#storage/run/find'
import { answers } from '#cli/support/answer'
import { follow, trainApart, type Trained, trainedWords } from '#cli/support/follow'
import { detachOption, runArgument, runsOption } from '#cli/support/options'
import { chosenSettings, settingOptions } from '#cli/support/setting-options'

export const resumeCommand = answers(
  new Command('resume')
    .description('resume a run from its newest checkpoint, exactly or with changed settings')
    .argument('<run>', runArgument)
    .option('--engine <id>', 'go on with another engine')
    .addOption(runsOption())
    .option('--images <folder>', 'where its images are now')
    .addOption(detachOption()),
  resume,
  trainedWords,
)
for (const option of settingOptions(allSettings.filter(isChangeable))) resumeCommand.addOption(option)

/**
 * `saim resume`: goes on with a run from its newest checkpoint, by what trained it or by the engine or cluster that is named.
 */
export async function resume(
  run: string,
  {
    runs,
    images,
    engine,
    cluster,
    detach,
    ...options
  }: { runs: string; images?: string; engine?: string; cluster?: Cluster; detach?: boolean } & Record<
    string,
    unknown
  >,
): Promise<Trained> {
  const folder = await findRun(run, runs)
  const changes = chosenSettings(allSettings, options)
  await resumeRun(folder, { changes, engine, cluster, images: images && path.resolve(images) })
  return detach ? trainApart(folder) : follow(folder)
}
