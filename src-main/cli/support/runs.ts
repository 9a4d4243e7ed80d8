import path from 'node:path'
import type { Run } from '#shared/contract'
import { RunList } from '#app/runs/run-list'
import { findRun } from '#storage/run/find'

/** The runs below a folder. */
export const runsIn = (runsFolder: string) => new RunList({ get: async () => ({ runsFolder }) })

/** The run of a folder, as the window shows it. */
export const runAt = (folder: string): Promise<Run> => runsIn(path.dirname(folder)).get(path.basename(folder))

/** The run that a person names. Throws AppError run-missing. */
export const runNamed = async (named: string, runsFolder: string): Promise<Run> =>
  runAt(await findRun(named, runsFolder))
