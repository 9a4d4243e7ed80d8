import { Command } from 'commander'
import { endRun } from '#app/runs/end'
import { answers } from '#cli/support/answer'
import { type Trained, leftBy, trainedWords } from '#cli/support/follow'
import { runArgument, runsOption } from '#cli/support/options'
import { runNamed } from '#cli/support/runs'

export const stopCommand = answers(
  new Command('stop')
    .description('end the training of a run after its step and save, whoever trains it')
    .argument('<run>', runArgument)
    .addOption(runsOption()),
  stop,
  trainedWords,
)

/** `saim stop`: waits until the run is saved. One that rests stays as it is. */
async function stop(named: string, { runs }: { runs: string }): Promise<Trained> {
  const run = await runNamed(named, runs)
  await endRun(run, 'stopped')
  return leftBy(run.folder)
}
