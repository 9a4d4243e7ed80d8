import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { environment, setEnvironment } from './environment'
import { dataFolder, sampleImagesFolder } from './paths'

/** Has this process and those that it starts read images only below these folders and those of the application. */
export const confineImages = (roots: string[]): void =>
  setEnvironment({ SAIM_ROOTS: JSON.stringify([...roots, dataFolder(), sampleImagesFolder()]) })

/**
 * Whether an image or a folder of ours may be read: by where it lies when all links are followed. Everything may where nobody
 * confined images.
 */
export async function mayRead(file: string): Promise<boolean> {
  const text = environment.roots()
  if (text === undefined) return true
  if (known?.text !== text) known = { text, roots: resolved(JSON.parse(text) as string[]) }
  const real = await realpath(file).catch(() => path.resolve(file))
  return (await known.roots).some((root) => isWithin(root, real))
}

/** The folders without links, looked up once: each image that is read asks for them. */
let known: { text: string; roots: Promise<string[]> } | null = null
const resolved = (roots: string[]) =>
  Promise.all(roots.map((root) => realpath(root).catch(() => path.resolve(root))))

/** Whether a path is that of a folder or lies below it; both without links. */
export function isWithin(folder: string, file: string): boolean {
  const [first] = path.relative(folder, file).split(path.sep)
  return first !== '..' && !path.isAbsolute(first!)
}
