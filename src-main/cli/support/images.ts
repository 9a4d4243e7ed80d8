import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import type { RunImages } from '#app/runs/start'
import { statisticsOf } from '#images/index/check'
import type { DatasetIndex } from '#images/index/dataset-index'
import { openIndex } from '#images/index/open-index'
import { writeManifest } from '#images/manifest'
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
