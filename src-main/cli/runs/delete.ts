import { Command } from 'commander'
import type { Run } from '#shared/contract'
import { requireResting } from '#app/runs/run-list'
import { Trash } from '#app/runs/trash'
import { answers } from '#cli/support/answer'
import { runArgument, runsOption } from '#cli/support/options'
import { runAt, runNamed } from '#cli/support/runs'

export const deleteCommand = answers(
  new Command('delete')
    .description('move runs to the trash of the application')
    .argument('<runs...>', runArgument)
    .addOption(runsOption()),
  deleteRuns,
  (deleted) => deleted.map(({ name, id }) => `${name} is in the trash: saim restore ${id}`).join('\n'),
)

export const restoreCommand = answers(
  new Command('restore')
    .description('take a run back from the trash')
    .argument('<run>', 'the id that it had')
    .addOption(runsOption()),
  async (id: string, { runs }: { runs: string }) => runAt(await new Trash().restore(id, runs)),
  ({ name, folder }) => `${name} is back: ${folder}`,
)

/** `saim delete`: all runs that are named or, where one is not there or is being trained, none. */
async function deleteRuns(named: string[], { runs }: { runs: string }) {
  const found: Run[] = []
  for (const name of named) found.push(requireResting(await runNamed(name, runs)))
  const trash = new Trash()
  for (const { folder } of found) await trash.put(folder)
  return found.map(({ id, name }) => ({ id, name }))
}
