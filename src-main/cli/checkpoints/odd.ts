import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command, Option } from 'commander'
import { csvTable } from '#shared/csv'
import { counted } from '#shared/words'
import { loadCentredImage } from '#images/decode/centred'
import { listedAt } from '#images/listed'
import { CheckpointModel } from '#inference/checkpoint-model'
import { memoryBank, type Oddness, oddness } from '#inference/odd/patch-core'
import { arranged, enlarged, overlay, pictureOf, png } from '#inference/pictures/pictures'
import { createEngine } from '#engine/engines'
import { writeFileSafely } from '#storage/files'
import { freeName } from '#storage/free-name'
import { chooseStep } from '#storage/run/checkpoint'
import { findRun } from '#storage/run/find'
import { readyFolder, readyPlace } from '#storage/ready-folder'
import { answers } from '#cli/support/answer'
import { engineFor } from '#cli/support/engines'
import type { MeasuredOptions } from '#cli/support/measured'
import { engineOption, runArgument, runsOption, stepOption, threadsOption, whole } from '#cli/support/options'

interface OddOptions extends MeasuredOptions {
  normal: string
  bank: number
  output: string
  maps?: string
  top: number
}

export const oddCommand = answers(
  new Command('odd')
    .description(
      'say how odd images are beside ordinary ones by what a checkpoint sees of their patches, as CSV',
    )
    .argument('<run>', runArgument)
    .argument('<folder>', 'the images')
    .requiredOption('--normal <folder>', 'ordinary images to compare with')
    .addOption(runsOption())
    .addOption(stepOption())
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--bank <n>', 'patches that stand for all ordinary ones')
        .default(1000)
        .argParser(whole(1, 10_000)),
    )
    .option('--output <file>', 'where the table is written', 'odd.csv')
    .option('--maps <folder>', 'where heat maps of the oddest images are written')
    .addOption(new Option('--top <n>', 'heat maps that are written').default(20).argParser(whole(1))),
  odd,
  ({ images, ordinary, output }) =>
    `${counted(images.length, 'images')} beside ${counted(ordinary, 'ordinary images')}. Written: ${output}`,
)

/** `saim odd`: how far the oddest patch of each image is from those of ordinary images, the oddest image first. */
async function odd(run: string, given: string, options: OddOptions) {
  const output = await readyPlace(options.output)
  if (options.maps !== undefined) await readyFolder(options.maps)
  const place = await findRun(run, options.runs)
  const engine = await createEngine(await engineFor(options.engine), options)
  const model = await CheckpointModel.open(engine, {
    folder: place,
    step: await chooseStep(place, options.step),
  })
  const ordinary = await listedAt(options.normal)
  const bank = await memoryBank(model, ordinary, options.bank)
  const asked = await listedAt(given)
  const found: (Oddness & { path: string })[] = []
  for await (const some of oddness(engine, model, bank, asked))
    found.push(...some.found.map((one) => ({ ...one, path: asked.images[one.place]!.path })))
  found.sort((a, b) => b.score - a.score)
  const rows = found.map((one) => [one.path, one.score.toFixed(4)])
  await writeFileSafely(output, csvTable([['path', 'score'], ...rows]))
  const largest = found[0]?.score || 1
  for (const one of options.maps === undefined ? [] : found.slice(0, options.top)) {
    const pixels = await loadCentredImage(
      path.join(asked.folder, one.path),
      model.h.imageSize,
      model.statistics,
    )
    const picture = pictureOf(pixels, model.statistics)
    const heat = overlay(
      picture,
      one.patches.map((distance) => distance / largest),
    )
    const name = await freeName(options.maps!, `${path.parse(one.path).name}-odd`, '.png')
    await writeFile(name, await png(arranged([enlarged(picture, 224), enlarged(heat, 224)])), { flag: 'wx' })
  }
  await model.dispose()
  return {
    images: found.map(({ path, score }) => ({ path, score })),
    ordinary: ordinary.images.length,
    output,
  }
}
