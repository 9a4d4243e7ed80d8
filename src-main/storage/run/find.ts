import { existsSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { fewAtOnce } from '#storage/few-at-once'
import { listOf } from '#storage/own-files'
import { copyOf } from '#storage/record'
import { readAnnotations } from './annotations'
import { readRun, runPaths } from './run-folder'

/** Whether a folder holds the record of a run, or its copy. */
export const isRunFolder = (folder: string): boolean => {
  const { run } = runPaths(folder)
  return existsSync(run) || existsSync(copyOf(run))
}

/** The folder of the run with this id. Throws AppError run-missing. */
export function folderOfRun(id: string, runsFolder: string): string {
  const folder = path.join(runsFolder, id)
  if (isRunFolder(folder)) return folder
  throw new AppError('run-missing', 'This run is no longer in the runs folder.', 'Look at the list of runs.')
}

/**
 * The one rule for what names a run: its id, its folder, its name, or the beginning of its id where no other run's begins
 * so. Answers the folder. Throws AppError run-missing where none or several are meant.
 */
export async function findRun(given: string, runsFolder: string): Promise<string> {
  const candidates = [path.join(runsFolder, given), path.resolve(given)]
  const exact = candidates.find(isRunFolder)
  if (exact) return exact
  const runs = await listNames(runsFolder)
  const named = runs.filter(({ name }) => name === given)
  const found = named.length ? named : runs.filter(({ id }) => given !== '' && id.startsWith(given))
  if (found.length === 1) return path.join(runsFolder, found[0]!.id)
  if (found.length === 0)
    throw new AppError(
      'run-missing',
      `There is no run "${given}" in ${runsFolder}.`,
      'Give the id of a run, the beginning of its id, its name or its folder; `saim runs` lists them.',
    )
  throw new AppError(
    'run-missing',
    `"${given}" may be any of ${found.length} runs.`,
    `Give the id of one: ${found.map(({ id }) => id).join(', ')}.`,
  )
}

/** The runs of a folder, each with the name that a person gave it; other things may lie there too. */
async function listNames(runsFolder: string): Promise<{ id: string; name: string }[]> {
  const entries = await listOf(runsFolder)
  const ids = entries.map(({ name }) => name).filter((id) => isRunFolder(path.join(runsFolder, id)))
  return fewAtOnce(ids, async (id) => {
    const folder = path.join(runsFolder, id)
    const annotated = await readAnnotations(folder).catch(() => null)
    const name = annotated?.name ?? (await readRun(folder).catch(() => null))?.name
    return { id, name: name ?? id }
  })
}
