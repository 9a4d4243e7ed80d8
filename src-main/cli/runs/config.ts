import { Command } from 'commander'
import { stringify } from 'yaml'
import { flagOf } from '#shared/settings/flags'
import { allSettings } from '#shared/settings/hyperparameters'
import { answers } from '#cli/support/answer'
import { runArgument, runsOption } from '#cli/support/options'
import { findRun } from '#storage/run/find'
import { readRun } from '#storage/run/run-folder'

export const configCommand = answers(
  new Command('config')
    .description('print the settings of a run as a file that trains the same again')
    .argument('<run>', runArgument)
    .addOption(runsOption()),
  config,
  ({ command, settings }) => `# ${command} --config <this file>\n${stringify(settings).trimEnd()}`,
)

/** `saim config`: the command that trains a run again, and what it must be told, by the names of its flags. */
async function config(named: string, { runs }: { runs: string }) {
  const run = await readRun(await findRun(named, runs))
  const { dataset, engine, threads, decoders, cache, cluster, origin, hyperparameters: h } = run
  return {
    command: cluster ? 'saim cluster' : 'saim train',
    settings: {
      [cluster ? 'folder or run' : 'folder']: dataset.folder,
      ...(cluster ? withoutNull({ ...cluster }) : { engine }),
      ...(origin && { from: `${origin.run}@${origin.step}` }),
      ...withoutNull({ threads, decoders, cache }),
      ...Object.fromEntries(allSettings.map(({ name }) => [flagOf(name), h[name]])),
    },
  }
}

const withoutNull = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
