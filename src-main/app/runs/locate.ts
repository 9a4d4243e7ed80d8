import { stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { readImages } from '#images/manifest'
import { type RunFile, readRun, updateRun } from '#storage/run/run-folder'

/** So many images are looked for, evenly chosen. */
const looked = 200

/**
 * Says where the images of a run lie now. Throws AppError folder-missing where the same files are not there: going on
 * with others would be another run.
 */
export async function locateImages(folder: string, imageFolder: string): Promise<RunFile> {
  const [{ dataset }, images] = [await readRun(folder), await readImages(folder)]
  const every = Math.max(1, Math.floor(images.length / looked))
  const chosen = Array.from({ length: Math.ceil(images.length / every) }, (_, i) => images.at(i * every))
  const missing = await Promise.all(
    chosen.map(async (image) => {
      const info = await stat(path.join(imageFolder, image.path)).catch(() => null)
      return info?.size === image.bytes ? [] : [image.path]
    }),
  )
  const [first, ...others] = missing.flat()
  if (first)
    throw new AppError(
      'folder-missing',
      `${imageFolder} does not hold the images of this run: ${first} ${others.length ? `and ${others.length} more of ${chosen.length} looked for ` : ''}is not there or is another file.`,
      'Choose the folder that took the place of the old one.',
    )
  return updateRun(folder, { dataset: { ...dataset, folder: imageFolder } })
}
