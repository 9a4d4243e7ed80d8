import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { lockOwner } from '#storage/lock'
import { readRun, runPaths } from '#storage/run/run-folder'
import { runsOption } from './support/options'

export const runsCommand = new Command('runs')
  .description('list the runs')
  .addOption(runsOption())
  .action(listRuns)

/** `saim runs`: prints a table of the runs below a folder, newest last. */
async function listRuns({ runs }: { runs: string }): Promise<void> {
  const folders = await readdir(runs).catch(() => [])
  const rows = await Promise.all(
    folders.map(async (name) => {
      const folder = path.join(runs, name)
      const run = await readRun(folder).catch(() => null)
      if (!run) return []
      const active = run.status === 'running' || run.status === 'starting'
      const status = active && !(await lockOwner(runPaths(folder).lock)) ? 'interrupted' : run.status
      return [
        { created: run.createdAt.slice(0, 16), id: run.id, status, step: `${run.step}/${run.totalSteps}` },
      ]
    }),
  )
  const found = rows.flat().sort((a, b) => (a.created < b.created ? -1 : 1))
  if (found.length) console.table(found)
  else console.log(`There are no runs in ${runs}.`)
}
