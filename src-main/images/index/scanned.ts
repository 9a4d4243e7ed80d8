import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openIndex } from './open-index'
import { Manifest, writeManifest } from '#images/manifest'
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

/** Scans a folder and answers its images. */
export async function scanned(folder: string): Promise<{ images: Manifest; unreadable: number }> {
  const temporary = await mkdtemp(path.join(tmpdir(), 'saim-'))
  try {
    const file = path.join(temporary, 'dataset.json')
    const { unreadable } = await writeScan(folder, file)
    return { images: await Manifest.read(file), unreadable }
  } finally {
    await rm(temporary, { recursive: true })
  }
}
