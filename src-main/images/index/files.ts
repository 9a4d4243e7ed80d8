import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { reasonOf } from '#shared/system-errors'

export interface FoundFile {
  /** Relative to the folder, with forward slashes; that of a folder ends with one. */
  path: string
  bytes: number
  /** Time of the last change, in milliseconds. */
  modified: number
  /** Why it cannot be looked at. */
  problem?: string | null
}

const imageExtensions =
  /\.(jpe?g|jfif|jpe|mpo|png|webp|avif|tiff?|gif|bmp|dib|p[bgpn]m|tga|heic|heif|jxl|jp2|j2k|jpf|jpx|svg)$/i

/** Whether a file has the extension of an image. */
export const isImageName = (name: string) => imageExtensions.test(name)

/** Folders in which systems and programs keep previews, copies and what was deleted. */
const systemFolders =
  /^(@eaDir|@tmp|@Recycle|@Recently-Snapshot|#recycle|#snapshot|\$RECYCLE\.BIN|RECYCLER|System Volume Information|lost\+found|__MACOSX|\.ipynb_checkpoints)$/i

const statsAtOnce = 64

interface Listener {
  /** Called for each folder before it is read. */
  onFolder?(folder: string): void
  /** Called for each folder of the system that is left out, with the number of image names below it. */
  onLeftOut?(name: string, images: number): void
}

/**
 * All files below a folder with the extension of an image, some at a time, and the folders that cannot be opened. Follows
 * links, but enters each folder once, by its own name where it has one here; names that begin with a dot are skipped. Throws where the folder itself cannot be read.
 */
export async function* imageFiles(
  root: string,
  { onFolder, onLeftOut }: Listener = {},
): AsyncGenerator<FoundFile[]> {
  const entered = new Set<string>()
  const pending = ['']
  /** Folders behind links: they wait for all others. */
  const linked: string[] = []
  const next = () => pending.pop() ?? linked.pop()
  for (let below = next(); below !== undefined; below = next()) {
    const folder = path.join(root, below)
    try {
      const real = await realpath(folder)
      if (entered.has(real)) continue
      entered.add(real)
      onFolder?.(folder)
      const { folders, links, files } = await entriesOf(folder)
      for (const name of [...folders, ...links].filter((one) => systemFolders.test(one)))
        onLeftOut?.(name, await imagesBelow(path.join(folder, name)))
      const relative = (name: string) => (below ? `${below}/${name}` : name)
      const isWanted = (name: string) => !systemFolders.test(name) && !name.startsWith('.')
      pending.push(...folders.filter(isWanted).map(relative))
      linked.push(...links.filter(isWanted).map(relative))
      const images = files.filter((name) => isImageName(name) && !name.startsWith('.')).map(relative)
      for (let i = 0; i < images.length; i += statsAtOnce)
        yield Promise.all(images.slice(i, i + statsAtOnce).map((file) => describe(root, file)))
    } catch (error) {
      if (below === '') throw error
      yield [{ path: `${below}/`, bytes: 0, modified: 0, problem: folderProblem(below, error) }]
    }
  }
}

/** What is in a folder: folders, links that lead to folders, and files, also behind links. */
async function entriesOf(folder: string): Promise<Record<'folders' | 'links' | 'files', string[]>> {
  const entries = { folders: [] as string[], links: [] as string[], files: [] as string[] }
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    // A link that leads nowhere is listed all the same: reading it tells so. Pipes and devices are passed over.
    const kind = entry.isSymbolicLink() ? await stat(path.join(folder, entry.name)).catch(() => null) : entry
    if (kind?.isDirectory()) (kind === entry ? entries.folders : entries.links).push(entry.name)
    else if (!kind || kind.isFile()) entries.files.push(entry.name)
  }
  return entries
}

/** How many names of images there are below a folder; links are not followed. */
async function imagesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile() && isImageName(entry.name)).length
}

/** A file without access is listed all the same; reading it tells why. */
async function describe(root: string, relative: string): Promise<FoundFile> {
  const info = await stat(path.join(root, relative)).catch(() => null)
  const problem = !info && isUndecodable(relative) ? undecodable : null
  return { path: relative, bytes: info?.size ?? 0, modified: Math.round(info?.mtimeMs ?? 0), problem }
}

const folderProblem = (folder: string, error: unknown) =>
  isUndecodable(folder) ? undecodable : `the folder cannot be opened: ${reasonOf(error)}`

/** Node puts this letter where the bytes of a name are not UTF-8, and then finds nothing by that name. */
const isUndecodable = (name: string) => name.includes('\uFFFD')
const undecodable = 'its name is not in UTF-8: rename it'
