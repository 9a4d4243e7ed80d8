import { access, constants, mkdir, stat } from 'node:fs/promises'
import { AppError } from '#shared/errors'

/**
 * Makes the folder that work writes to where it is missing, and makes sure that it can be written to: before the work, so
 * that none is done in vain. Throws AppError not-a-folder, and what the system says.
 */
export async function readyFolder(folder: string): Promise<void> {
  const info = await stat(folder).catch(() => null)
  if (info && !info.isDirectory())
    throw new AppError('not-a-folder', `${folder} is a file.`, 'Name a folder.')
  await mkdir(folder, { recursive: true })
  await access(folder, constants.W_OK | constants.X_OK)
}
