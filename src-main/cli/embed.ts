import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EmbeddingFormat } from '#shared/contract'
import { AppError } from '#shared/errors'
import { DatasetIndex } from '#images/index/dataset-index'
import { writeManifest } from '#images/manifest'
import { EmbeddingSets } from '#inference/features/embedding-sets'
import { indexFile } from '#platform/paths'
import { readRun, runPaths } from '#storage/run/run-folder'
import { type CheckpointOptions, openCheckpoint } from './support/checkpoint'

interface EmbedOptions extends CheckpointOptions {
  format: EmbeddingFormat
  patchTokens?: boolean
  limit?: number
  out?: string
}

/** `saim embed`: what a checkpoint makes of each image of a folder, written as a new folder of files. */
export async function embed(run: string, images: string | undefined, options: EmbedOptions): Promise<void> {
  const out = path.resolve(options.out ?? `${path.basename(run)}-embeddings`)
  if (existsSync(out))
    throw new AppError('bad-settings', `${out} is there already.`, 'Name a new folder: --out <folder>')
  const { folder, step, engine, model } = await openCheckpoint(run, options)
  await model.dispose() // the sets open their own
  let told = 0
  const sets = new EmbeddingSets(engine, ({ share }) => {
    if (share < 1 && Date.now() - told < 10_000) return
    told = Date.now()
    console.log(`${Math.round(100 * share)} %`)
  })
  const temporary = mkdtempSync(path.join(tmpdir(), 'saim-embed-'))
  try {
    const source = images ? path.resolve(images) : (await readRun(folder)).dataset.folder
    const manifest = images
      ? await scanned(source, path.join(temporary, 'images.json'))
      : runPaths(folder).manifest
    const set = { place: { folder, step }, folder: source, manifest, limit: options.limit ?? Infinity }
    const { images: read, unreadable, seconds } = await sets.embed('cli', set)
    await sets.export('cli', options.format, options.patchTokens ?? false, out)
    const left = unreadable ? `, ${unreadable} can not be read` : ''
    console.log(`${read} images in ${seconds.toFixed(1)} s${left}: ${out}`)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** Lists the images of a folder in a file. */
async function scanned(folder: string, manifest: string): Promise<string> {
  const index = new DatasetIndex(folder, indexFile(folder))
  await index.scan()
  await writeManifest(manifest, index, { fraction: 0, seed: 0 })
  index.close()
  return manifest
}
