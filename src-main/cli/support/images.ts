import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import type { RunImages } from '#app/runs/start'
import { statisticsOf } from '#images/index/check'
import type { DatasetIndex } from '#images/index/dataset-index'
import { openIndex } from '#images/index/open-index'
import { writeManifest } from '#images/manifest'
import { lines } from './answer'
import { indexFile } from '#platform/paths'

/** A folder of images as the commands use it: scanned, and ready to be those of a run. */
export interface ScannedFolder {
  dataset: { name: string; folder: string }
  index: DatasetIndex
  images: RunImages
}

/** Scans a folder, and closes its index after the work. Throws AppError folder-missing or not-a-folder. */
export async function withImages<T>(
  given: string,
  work: (scanned: ScannedFolder) => Promise<T> | T,
): Promise<T> {
  const chosen = path.resolve(given)
  const folder = existsSync(chosen) ? realpathSync(chosen) : chosen
  const index = await openIndex(folder, indexFile(folder))
  try {
    await index.scan()
    return await work({
      dataset: { name: path.basename(folder), folder },
      index,
      images: {
        writeManifest: (file, rule) => writeManifest(file, index, rule),
        statistics: () => statisticsOf(index),
      },
    })
  } finally {
    index.close()
  }
}

/** What a folder holds, and what of it cannot be read. */
export const contentsOf = (folder: string, index: DatasetIndex) => ({
  folder,
  ...index.summary(),
  files: index.unreadable(0, 1000).files,
})

export function contentsWords(contents: ReturnType<typeof contentsOf>): string {
  const { folder, images, classes, splits, excluded, notices, unreadable, files } = contents
  const shown = files.slice(0, 10)
  return lines(
    `${images} images in ${classes.length} classes of ${folder}`,
    splits.validation + splits.test > 0 &&
      `By their folders ${splits.validation} of them are for validation and ${splits.test} for a test; neither are trained on.`,
    ...notices,
    excluded > 0 && `${excluded} excluded images are left out.`,
    unreadable > 0 && `${unreadable} files cannot be read and are left out:`,
    ...shown.map(({ path: file, reason }) => `  ${file}: ${reason}`),
    unreadable > shown.length && `  and ${unreadable - shown.length} more`,
  )
}
