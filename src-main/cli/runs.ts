import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { toErrorData } from '#shared/errors'
import { systemError } from '#shared/system-errors'
import { lockOwner } from '#storage/lock'
import { readRun, runPaths } from '#storage/run/run-folder'
import { runsOption } from './support/options'

export const runsCommand = new Command('runs')
  .description('list the runs')
  .addOption(runsOption())
  .action(listRuns)

/** `saim runs`: prints a table of the runs below a folder, newest last, and what cannot be read as a run. */
async function listRuns({ runs }: { runs: string }): Promise<void> {
  const folders = await readdir(runs).catch((error: unknown) => {
    if (systemError(error)?.name === 'ENOENT') return []
    throw error
  })
  const rows = await Promise.all(folders.map((name) => rowOf(path.join(runs, name))))
  const found = rows.flat().sort((a, b) => a.time - b.time)
  if (found.length) console.table(found.map(({ row }) => row))
  else console.log(`There are no runs in ${runs}.`)
}

async function rowOf(folder: string) {
  const run = await readRun(folder).catch((error: unknown) => {
    if (existsSync(runPaths(folder).run)) console.error(toErrorData(error).message)
    return null
  })
  if (!run) return []
  const active = run.status === 'running' || run.status === 'starting'
  const status = active && !(await lockOwner(runPaths(folder).lock)) ? 'interrupted' : run.status
  const created = new Date(run.createdAt)
  const row = {
    created: created.toLocaleString('sv').slice(0, 16), // in the time of this machine, as 2026-05-01 14:30
    name: run.name,
    id: run.id,
    status,
    step: `${run.step}/${run.totalSteps}`,
  }
  return [{ time: created.getTime(), row }]
}
