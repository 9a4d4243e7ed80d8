import { access, constants, mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#shared/errors'

/**
 * Makes the folder that work writes to where it is missing, and makes sure that it can be written to: before the work, so
 * that none is done in vain. Throws AppError not-a-folder, and what the system says.
 */
export async function readyFolder(folder: string): Promise<void> {
  const info = await stat(folder).catch(() => null)
  if (info && !info.isDirectory())
    throw new AppError('not-a-folder', `${folder} is a file.`, 'Name a folder.')
  await makeFolder(path.resolve(folder))
  await access(folder, constants.W_OK | constants.X_OK)
}

/**
 * Makes a folder and those above it that are missing. Node's `recursive` tries for ever where the system says of a place that
 * exists that it does not, as below /proc.
 */
export async function makeFolder(folder: string): Promise<void> {
  const made = (await stat(folder).catch(() => null))?.isDirectory()
  if (made) return
  if (path.dirname(folder) !== folder) await makeFolder(path.dirname(folder))
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}
