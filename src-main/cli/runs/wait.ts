import { Command } from 'commander'
import { AppError, fromErrorData } from '#shared/errors'
import { isActive } from '#app/runs/run-list'
import { answers } from '#cli/support/answer'
import { endAs } from '#cli/support/exit-codes'
import { leftBy, type Trained, trainedWords } from '#cli/support/follow'
import { runArgument, runsOption } from '#cli/support/options'
import { runAt, runNamed } from '#cli/support/runs'
import { pause } from '#platform/background'

export const waitCommand = answers(
  new Command('wait')
    .description('wait until a run is no longer trained and does not wait its turn either')
    .argument('<run>', runArgument)
    .addOption(runsOption()),
  wait,
  trainedWords,
)

/** `saim wait`: ends as `saim train` would have. */
async function wait(named: string, { runs }: { runs: string }): Promise<Trained> {
  let run = await runNamed(named, runs)
  while (isActive(run) || run.status === 'queued') {
    await pause(500)
    run = await runAt(run.folder)
  }
  if (run.error) throw fromErrorData(run.error)
  if (run.status === 'interrupted')
    throw new AppError('worker-died', `${run.name} ended unexpectedly.`, `saim resume ${run.id}`)
  if (run.status !== 'finished') endAs('stopped')
  return leftBy(run.folder)
}
