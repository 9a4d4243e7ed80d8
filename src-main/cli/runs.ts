import { Command } from 'commander'
import { RunList } from '#app/runs/run-list'
import { runsOption } from './support/options'

export const runsCommand = new Command('runs')
  .description('list the runs')
  .addOption(runsOption())
  .action(listRuns)

/** `saim runs`: prints a table of the runs below a folder, newest last, and what cannot be shown as a run. */
async function listRuns({ runs: runsFolder }: { runs: string }): Promise<void> {
  const { runs, unreadable } = await new RunList({ get: async () => ({ runsFolder }) }).survey()
  const rows = runs
    .map((run) => ({ ...run, created: new Date(run.createdAt) }))
    .sort((a, b) => a.created.getTime() - b.created.getTime())
    .map(({ created, name, id, status, step, totalSteps }) => ({
      created: created.toLocaleString('sv').slice(0, 16), // in the time of this machine, as 2026-05-01 14:30
      name,
      id,
      status,
      step: `${step}/${totalSteps}`,
    }))
  if (rows.length) console.table(rows)
  else console.log(`There are no runs in ${runsFolder}.`)
  for (const { path, reason } of unreadable) console.error(`Left out ${path}: ${reason}`)
}
