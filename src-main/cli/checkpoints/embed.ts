import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Command, Option } from 'commander'
import { embeddingFormat, type EmbeddingFormat } from '#shared/contract'
import { count, duration, percent } from '#shared/format'
import { writeScan } from '#images/index/scanned'
import { EmbeddingSets } from '#inference/features/embedding-sets'
import { readRun, runPaths } from '#storage/run/run-folder'
import { answers, say } from '#cli/support/answer'
import { type CheckpointOptions, openCheckpoint } from '#cli/support/checkpoint'
import { runArgument, runsOption, stepOption, threadsOption, whole } from '#cli/support/options'
import { readyPlace } from '#storage/ready-folder'

interface EmbedOptions extends CheckpointOptions {
  format: EmbeddingFormat
  patchTokens?: boolean
  limit?: number
  out?: string
}

export const embedCommand = answers(
  new Command('embed')
    .description('write the embeddings of a folder of images by a checkpoint')
    .argument('<run>', runArgument)
    .argument('[folder]', 'the images; without it, those of the run')
    .addOption(runsOption())
    .addOption(stepOption())
    .addOption(threadsOption())
    .addOption(new Option('--format <name>', 'of the files').choices(embeddingFormat.options).default('npy'))
    .option('--patch-tokens', 'also the tokens of all patches')
    .addOption(new Option('--limit <n>', 'at most this many images, evenly chosen').argParser(whole(2)))
    .option('--out <folder>', 'a new folder for the files'),
  embed,
  ({ images, unreadable, seconds, folder }) =>
    `${count(images)} images in ${duration(seconds)}${unreadable ? `, ${unreadable} cannot be read` : ''}: ${folder}`,
)

/** `saim embed`: what a checkpoint makes of each image of a folder, written as a new folder of files. */
async function embed(run: string, images: string | undefined, options: EmbedOptions) {
  const out = await readyPlace(options.out ?? `${path.basename(run)}-embeddings`)
  const { folder, step, engine, model } = await openCheckpoint(run, options)
  await model.dispose() // the sets open their own
  let told = 0
  const sets = new EmbeddingSets(engine, ({ share }) => {
    if (share < 1 && Date.now() - told < 10_000) return
    told = Date.now()
    say(percent(share))
  })
  const temporary = mkdtempSync(path.join(tmpdir(), 'saim-embed-'))
  try {
    const source = images ? path.resolve(images) : (await readRun(folder)).dataset.folder
    const manifest = images ? path.join(temporary, 'images.json') : runPaths(folder).manifest
    if (images) await writeScan(source, manifest)
    const set = { place: { folder, step }, folder: source, manifest, limit: options.limit ?? Infinity }
    const { images: read, unreadable, seconds } = await sets.embed('cli', set)
    await sets.export('cli', options.format, options.patchTokens ?? false, out)
    return { images: read, unreadable, seconds, folder: out }
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}
