import { Command } from 'commander'
import { createEngine } from '#engine/engines'
import { listedAt } from '#images/listed'
import { findClassifier } from '#inference/classifiers/list'
import { openClassifier } from '#inference/classifiers/open'
import { type Prediction, predictions, predictionsCsv } from '#inference/classifiers/predict'
import { writeFileSafely } from '#storage/files'
import { readyPlace } from '#storage/ready-folder'
import { classifiersOf } from './support/classifiers'
import { engineFor } from './support/engines'
import { decodersOption, engineOption, runsOption, threadsOption } from './support/options'

interface PredictOptions {
  with: string
  output: string
  runs: string
  engine: string
  threads: number
  decoders: number
}

export const predictCommand = new Command('predict')
  .description('name the classes of images by a classifier, as CSV')
  .argument('<images>', 'an image or a folder of images')
  .requiredOption('--with <classifier>', 'its name, key or folder: `saim classifiers` lists them')
  .option('--output <file>', 'where the table is written', 'predictions.csv')
  .addOption(runsOption())
  .addOption(engineOption())
  .addOption(threadsOption())
  .addOption(decodersOption())
  .action(predict)

/** `saim predict`: names the classes of an image, or of all below a folder, by a classifier of any kind, as CSV. */
async function predict(
  given: string,
  { with: wanted, output, engine: id, runs, threads, decoders }: PredictOptions,
): Promise<void> {
  const target = await readyPlace(output)
  const classifier = await openClassifier(findClassifier(wanted, await classifiersOf(runs)).place)
  const found = await listedAt(given)
  const engine = await createEngine(await engineFor(id), { threads })
  const rows: Prediction[] = []
  const unreadable = [...found.unreadable]
  for await (const part of predictions(engine, classifier, found, { decoders })) {
    rows.push(...part.predictions)
    unreadable.push(...part.unreadable)
  }
  for (const { path: file, reason } of unreadable) console.error(`Left out ${file}: ${reason}`)
  await writeFileSafely(target, predictionsCsv(classifier.classes, rows))
  console.log(`${rows.length} images, ${unreadable.length} files could not be read. Written: ${target}`)
}
