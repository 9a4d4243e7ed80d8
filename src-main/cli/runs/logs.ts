import { Command } from 'commander'
import { tailText } from '#app/runs/follow'
import { isActive } from '#app/runs/run-list'
import { answers } from '#cli/support/answer'
import { runArgument, runsOption } from '#cli/support/options'
import { runAt, runNamed } from '#cli/support/runs'
import { pause } from '#platform/background'
import { runPaths } from '#storage/run/run-folder'

export const logsCommand = answers(
  new Command('logs')
    .description('print the log of a run; with --json each line as an object')
    .argument('<run>', runArgument)
    .option('--follow', 'and what comes to it, until it is no longer trained')
    .addOption(runsOption()),
  logs,
  ({ at, text }) => `${at} ${text}`,
)

/** `saim logs`: the lines of log.txt, each with its time. */
async function* logs(named: string, { runs, follow }: { runs: string; follow?: boolean }) {
  let run = await runNamed(named, runs)
  let told = 0
  for (;;) {
    const { log } = runPaths(run.folder)
    const text = await tailText(log, told)
    const whole = text.slice(0, text.lastIndexOf('\n') + 1) // a last line may be written just now
    told += Buffer.byteLength(whole)
    for (const line of whole.split('\n').slice(0, -1)) {
      const space = line.indexOf(' ')
      yield { at: line.slice(0, space), text: line.slice(space + 1) }
    }
    if (!follow || !isActive(run)) return
    await pause(500)
    run = await runAt(run.folder)
  }
}
