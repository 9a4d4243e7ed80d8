import { Command } from 'commander'
import type { Run } from '#shared/contract'
import { answers, table, warn } from '#cli/support/answer'
import { runsOption } from '#cli/support/options'
import { runsIn } from '#cli/support/runs'

export const runsCommand = answers(
  new Command('runs').description('list the runs').addOption(runsOption()),
  listRuns,
  (runs) => (runs.length ? table(runs.map(rowOf)) : 'There are no runs.'),
)

const rowOf = ({ createdAt, name, id, status, step, totalSteps }: Run) => ({
  created: new Date(createdAt).toLocaleString('sv').slice(0, 16), // in the time of this machine, as 2026-05-01 14:30
  ...{ name, id, status, step: `${step}/${totalSteps}` },
})

/** `saim runs`: the runs below a folder, newest last. Says what cannot be shown as a run. */
async function listRuns({ runs: folder }: { runs: string }): Promise<Run[]> {
  const { runs, unreadable } = await runsIn(folder).survey()
  for (const { path, reason } of unreadable) warn(`Left out ${path}: ${reason}`)
  return runs.sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt))
}
