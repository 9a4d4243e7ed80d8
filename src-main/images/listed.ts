import { stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { reasonOf } from '#shared/system-errors'
import { describeFiles } from './index/describe'
import { type FoundFile, imageFiles } from './index/files'
import type { ImageFile } from './manifest'

/** Images that lie somewhere, whether they are of a data set or not. */
export interface Listed {
  folder: string
  images: ImageFile[]
  unreadable: { path: string; reason: string }[]
}

/** A file of an image, or all images below a folder. Throws AppError folder-missing where neither can be looked at. */
export async function listedAt(given: string): Promise<Listed> {
  const place = path.resolve(given)
  try {
    const info = await stat(place)
    if (info.isDirectory()) {
      const files: FoundFile[] = []
      for await (const some of imageFiles(place)) files.push(...some)
      return await listed(place, files)
    }
    const { dir, base } = path.parse(place)
    return await listed(dir, [{ path: base, bytes: info.size, modified: Math.round(info.mtimeMs) }])
  } catch (error) {
    throw new AppError('folder-missing', `${place} cannot be opened: ${reasonOf(error)}.`, 'Check the path.')
  }
}

/** What the headers of files say, in the order of their paths. */
async function listed(folder: string, files: FoundFile[]): Promise<Listed> {
  const described = await describeFiles(
    folder,
    files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  )
  return {
    folder,
    images: described.flatMap(({ path, bytes, width, height, problem }) =>
      problem === null ? [{ path, bytes, width: width!, height: height!, class: null, split: 'train' }] : [],
    ),
    unreadable: described.flatMap(({ path, problem }) =>
      problem === null ? [] : [{ path, reason: problem }],
    ),
  }
}
