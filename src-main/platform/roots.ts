import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { environment, setEnvironment } from './environment'
import { dataFolder, sampleImagesFolder } from './paths'

/** Has this process and those that it starts read images only below these folders and those of the application. */
export const confineImages = (roots: string[]): void => setEnvironment({ SAIM_ROOTS: JSON.stringify(roots) })

/**
 * Whether an image or a folder of ours may be read: by where it lies when all links are followed. Everything may where nobody
 * confined images.
 */
export async function mayRead(file: string): Promise<boolean> {
  const roots = environment.roots()
  if (!roots) return true
  const real = await realpath(file).catch(() => path.resolve(file))
  const allowed = [...roots, dataFolder(), sampleImagesFolder()].map((root) =>
    realpath(root).catch(() => root),
  )
  return (await Promise.all(allowed)).some((root) => isWithin(root, real))
}

/** Whether a path is that of a folder or lies below it; both without links. */
export function isWithin(folder: string, file: string): boolean {
  const [first] = path.relative(folder, file).split(path.sep)
  return first !== '..' && !path.isAbsolute(first!)
}
