import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Command, Option } from 'commander'
import { embeddingFormat, type EmbeddingFormat } from '#shared/contract'
import { count, duration, percent } from '#shared/format'
import { writeScan } from '#images/index/scanned'
import { EmbeddingSets } from '#inference/features/embedding-sets'
import { readRun, runPaths } from '#storage/run/run-folder'
import { type CheckpointOptions, openCheckpoint } from './support/checkpoint'
import { runArgument, runsOption, stepOption, threadsOption, whole } from './support/options'
import { readyPlace } from '#storage/ready-folder'

interface EmbedOptions extends CheckpointOptions {
  format: EmbeddingFormat
  patchTokens?: boolean
  limit?: number
  out?: string
}

export const embedCommand = new Command('embed')
  .description('write the embeddings of a folder of images by a checkpoint')
  .argument('<run>', runArgument)
  .argument('[folder]', 'the images; without it, those of the run')
  .addOption(runsOption())
  .addOption(stepOption())
  .addOption(threadsOption())
  .addOption(new Option('--format <name>', 'of the files').choices(embeddingFormat.options).default('npy'))
  .option('--patch-tokens', 'also the tokens of all patches')
  .addOption(new Option('--limit <n>', 'at most this many images, evenly chosen').argParser(whole(2)))
  .option('--out <folder>', 'a new folder for the files')
  .action(embed)

/** `saim embed`: what a checkpoint makes of each image of a folder, written as a new folder of files. */
async function embed(run: string, images: string | undefined, options: EmbedOptions): Promise<void> {
  const out = await readyPlace(options.out ?? `${path.basename(run)}-embeddings`)
  const { folder, step, engine, model } = await openCheckpoint(run, options)
  await model.dispose() // the sets open their own
  let told = 0
  const sets = new EmbeddingSets(engine, ({ share }) => {
    if (share < 1 && Date.now() - told < 10_000) return
    told = Date.now()
    console.log(percent(share))
  })
  const temporary = mkdtempSync(path.join(tmpdir(), 'saim-embed-'))
  try {
    const source = images ? path.resolve(images) : (await readRun(folder)).dataset.folder
    const manifest = images ? path.join(temporary, 'images.json') : runPaths(folder).manifest
    if (images) await writeScan(source, manifest)
    const set = { place: { folder, step }, folder: source, manifest, limit: options.limit ?? Infinity }
    const { images: read, unreadable, seconds } = await sets.embed('cli', set)
    await sets.export('cli', options.format, options.patchTokens ?? false, out)
    const left = unreadable ? `, ${unreadable} cannot be read` : ''
    console.log(`${count(read)} images in ${duration(seconds)}${left}: ${out}`)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}
