import { openIndex } from './open-index'
import { writeManifest } from '#images/manifest'
import { indexFile } from '#platform/paths'

/** Scans a folder and writes the list of its images, of which only those are held out that lie in folders for it. */
export async function writeScan(folder: string, file: string): Promise<{ unreadable: number }> {
  const index = await openIndex(folder, indexFile(folder))
  try {
    await index.scan()
    await writeManifest(file, index, { fraction: 0, seed: 0 })
    return { unreadable: index.unreadable(0, 1).total }
  } finally {
    index.close()
  }
}
