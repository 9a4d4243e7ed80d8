import { cp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { freeName } from './free-name'

/**
 * Moves a folder into another one, under a name or, where that is taken, under name-2; returns where it is then. To another disk it is copied; the
 * old one goes only once the copy is whole.
 */
export async function moveFolder(
  folder: string,
  into: string,
  name = path.basename(folder),
): Promise<string> {
  const target = await freeName(into, name)
  try {
    await rename(folder, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await copyFolder(folder, target)
    await rm(folder, { recursive: true })
  }
  return target
}

/** Links are copied as links. Nothing is left of a copy that fails. */
async function copyFolder(folder: string, target: string): Promise<void> {
  try {
    await cp(folder, target, {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
      errorOnExist: true,
      force: false,
    })
  } catch (error) {
    await rm(target, { recursive: true, force: true })
    throw error
  }
}
