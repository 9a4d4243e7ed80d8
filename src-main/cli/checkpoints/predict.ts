import { Command } from 'commander'
import { createEngine } from '#engine/engines'
import { listedAt } from '#images/listed'
import { findClassifier } from '#inference/classifiers/list'
import { openClassifier } from '#inference/classifiers/open'
import { type Prediction, predictions, predictionsCsv } from '#inference/classifiers/predict'
import { writeFileSafely } from '#storage/files'
import { readyPlace } from '#storage/ready-folder'
import { answers, warn } from '#cli/support/answer'
import { classifiersOf } from '#cli/support/classifiers'
import { engineFor } from '#cli/support/engines'
import { decodersOption, engineOption, runsOption, threadsOption } from '#cli/support/options'

interface PredictOptions {
  with: string
  output: string
  runs: string
  engine: string
  threads: number
  decoders: number
}

export const predictCommand = answers(
  new Command('predict')
    .description('name the classes of images by a classifier, as CSV')
    .argument('<images>', 'an image or a folder of images')
    .requiredOption('--with <classifier>', 'its name, key or folder: `saim classifiers` lists them')
    .option('--output <file>', 'where the table is written', 'predictions.csv')
    .addOption(runsOption())
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(decodersOption()),
  predict,
  ({ images, unreadable, output }) =>
    `${images} images, ${unreadable.length} files could not be read. Written: ${output}`,
)

/** `saim predict`: names the classes of an image, or of all below a folder, by a classifier of any kind, as CSV. */
async function predict(
  given: string,
  { with: wanted, engine: id, runs, threads, decoders, ...options }: PredictOptions,
) {
  const output = await readyPlace(options.output)
  const classifier = await openClassifier(findClassifier(wanted, await classifiersOf(runs)).place)
  const found = await listedAt(given)
  const engine = await createEngine(await engineFor(id), { threads })
  const rows: Prediction[] = []
  const unreadable = [...found.unreadable]
  for await (const part of predictions(engine, classifier, found, { decoders })) {
    rows.push(...part.predictions)
    unreadable.push(...part.unreadable)
  }
  for (const { path: file, reason } of unreadable) warn(`Left out ${file}: ${reason}`)
  await writeFileSafely(output, predictionsCsv(classifier.classes, rows))
  return { images: rows.length, unreadable, output }
}
