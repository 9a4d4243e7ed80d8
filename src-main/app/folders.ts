import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { type FolderListing, weightsEndings } from '#shared/contract'
import { AppError } from '#shared/errors'
import { reasonOf } from '#shared/system-errors'
import { isWithin, mayRead } from '#platform/roots'
import { isImageName } from '#images/index/files'

/** A folder where it may be used now: a link may have taken its place. Throws AppError not-allowed. */
export async function allowed(folder: string): Promise<string> {
  if (await mayRead(folder)) return folder
  throw outside(folder)
}

const outside = (folder: string) =>
  new AppError(
    'not-allowed',
    `${folder} is outside of the folders that may be used.`,
    'Start with --root <folder> to allow more.',
  )

/** Folders as a person in a browser sees them: nothing outside the roots that were allowed. */
export class Folders {
  constructor(private readonly roots: string[]) {}

  /** The folder with all links resolved. Throws AppError not-allowed where it lies outside the roots. */
  async allowed(folder: string): Promise<string> {
    const real = await resolveLinks(folder)
    if ((await this.realRoots()).some((root) => isWithin(root, real))) return real
    throw outside(folder)
  }

  /** The folders below one, or the roots themselves. */
  async list(folder: string | null): Promise<FolderListing> {
    const roots = await this.realRoots()
    if (folder === null && roots.length !== 1)
      return {
        path: null,
        parent: null,
        folders: roots.map((root) => ({ name: root, path: root })),
        weights: [],
        images: 0,
      }
    const real = await this.allowed(folder ?? roots[0]!)
    const entries = await readdir(real, { withFileTypes: true }).catch((error: unknown) => {
      throw new AppError(
        'folder-missing',
        `${real} cannot be opened: ${reasonOf(error)}.`,
        'Choose another folder.',
      )
    })
    const listed = (wanted: typeof entries) =>
      wanted
        .map(({ name }) => ({ name, path: path.join(real, name) }))
        .sort((a, b) => a.name.localeCompare(b.name))
    const endings = weightsEndings.map((ending) => `.${ending}`)
    return {
      path: real,
      parent: roots.includes(real) ? null : path.dirname(real),
      folders: listed(await this.foldersOf(real, entries)),
      weights: listed(
        entries.filter((entry) => entry.isFile() && endings.includes(path.extname(entry.name).toLowerCase())),
      ),
      images: entries.filter((entry) => entry.isFile() && isImageName(entry.name)).length,
    }
  }

  /** Those that are folders, or links to folders that may be used. */
  private async foldersOf(folder: string, entries: Dirent[]): Promise<Dirent[]> {
    const shown = entries.filter(({ name }) => !name.startsWith('.'))
    const leads = (name: string) =>
      this.allowed(path.join(folder, name)).then(async (real) => (await stat(real)).isDirectory())
    const are = await Promise.all(
      shown.map((entry) =>
        entry.isSymbolicLink() ? leads(entry.name).catch(() => false) : entry.isDirectory(),
      ),
    )
    return shown.filter((_, i) => are[i])
  }

  private realRoots = () => Promise.all(this.roots.map(resolveLinks))
}

/** The path without links, also where its last parts do not exist yet. */
async function resolveLinks(given: string): Promise<string> {
  const whole = path.resolve(given)
  const parent = path.dirname(whole)
  return realpath(whole).catch(async () =>
    parent === whole ? whole : path.join(await resolveLinks(parent), path.basename(whole)),
  )
}
