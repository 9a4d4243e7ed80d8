import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'

export interface FoundFile {
  /** Relative to the folder, with forward slashes. */
  path: string
  bytes: number
  /** Time of the last change, in milliseconds. */
  modified: number
}

const imageExtensions = /\.(jpe?g|jfif|png|webp|avif|tiff?|gif|bmp|heic|heif|jxl)$/i

/** Whether a file has the extension of an image. */
export const isImageName = (name: string) => imageExtensions.test(name)

const statsAtOnce = 64

/**
 * All files below a folder with the extension of an image, some at a time. Follows links, but enters each folder once;
 * names that begin with a dot are skipped. `onFolder` is called for each folder.
 */
export async function* imageFiles(
  root: string,
  onFolder: (folder: string) => void = () => undefined,
): AsyncGenerator<FoundFile[]> {
  const entered = new Set<string>()
  const pending = ['']
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    const folder = path.join(root, below)
    const real = await realpath(folder).catch(() => null)
    if (!real || entered.has(real)) continue
    entered.add(real)
    onFolder(folder)
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    const files: string[] = []
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue
      const relative = below ? `${below}/${entry.name}` : entry.name
      const isFolder = entry.isSymbolicLink()
        ? await stat(path.join(root, relative)).then(
            (info) => info.isDirectory(),
            () => false,
          )
        : entry.isDirectory()
      if (isFolder) pending.push(relative)
      else if (isImageName(entry.name)) files.push(relative)
    }
    for (let i = 0; i < files.length; i += statsAtOnce)
      yield Promise.all(files.slice(i, i + statsAtOnce).map((relative) => describe(root, relative)))
  }
}

/** A file without access is listed all the same; reading it tells why. */
const describe = async (root: string, relative: string): Promise<FoundFile> => {
  const info = await stat(path.join(root, relative)).catch(() => null)
  return { path: relative, bytes: info?.size ?? 0, modified: Math.round(info?.mtimeMs ?? 0) }
}
