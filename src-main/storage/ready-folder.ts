import { existsSync } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { makeFolder, thereAlready } from './files'

/**
 * Makes sure that a folder can be written to, or made below what is there: before the work, so that none is done in vain. Throws
 * AppError not-a-folder, and what the system says.
 */
export async function checkFolder(folder: string): Promise<void> {
  const info = await stat(folder).catch(() => null)
  if (info && !info.isDirectory())
    throw new AppError('not-a-folder', `${folder} is a file.`, 'Name a folder.')
  if (info) await access(folder, constants.W_OK | constants.X_OK)
  else await checkFolder(path.dirname(path.resolve(folder)))
}

/** Makes the folder that work writes to where it is missing. Throws as `checkFolder`. */
export async function readyFolder(folder: string): Promise<void> {
  await checkFolder(folder)
  await makeFolders(path.resolve(folder))
}

/**
 * Where something new goes, with the folder that it goes into: found out before the work. Throws AppError bad-settings where something
 * is there already, and as `checkFolder`.
 */
export async function readyPlace(given: string): Promise<string> {
  const place = path.resolve(given)
  if (existsSync(place)) throw thereAlready(place)
  await readyFolder(path.dirname(place))
  return place
}

/**
 * Makes a folder and those above it that are missing. Node's `recursive` tries for ever where the system says of a place that
 * exists that it does not, as below /proc.
 */
export async function makeFolders(folder: string): Promise<void> {
  const made = (await stat(folder).catch(() => null))?.isDirectory()
  if (made) return
  if (path.dirname(folder) !== folder) await makeFolders(path.dirname(folder))
  await makeFolder(folder)
}
