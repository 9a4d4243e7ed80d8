import { existsSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { readFewShot } from '#inference/labels/kept'
import { predictByFewShot, predictFolder } from '#jobs/evaluate/predict'
import { classifiersFolder } from '#platform/paths'
import { thereAlready } from '#storage/files'
import { findRun } from '#storage/run/find'
import { engineFor } from './support/engines'
import { decodersOption, engineOption, runsOption, threadsOption } from './support/options'
import { readyFolder } from '#storage/ready-folder'

interface PredictOptions {
  output: string
  runs: string
  engine: string
  threads: number
  decoders: number
}

export const predictCommand = new Command('predict')
  .description('name the classes of images by a kept classifier or a fine-tuned model, as CSV')
  .argument('<classifier>', 'the name or folder of a kept classifier, or the folder of a fine-tuning')
  .argument('<folder>', 'the images')
  .option('--output <file>', 'where the table is written', 'predictions.csv')
  .addOption(runsOption())
  .addOption(engineOption())
  .addOption(threadsOption())
  .addOption(decodersOption())
  .action(predict)

/** `saim predict`: names the classes of all images below a folder by a kept classifier or a fine-tuned model, as CSV. */
async function predict(
  classifier: string,
  folder: string,
  { output, engine, runs, ...options }: PredictOptions,
): Promise<void> {
  const target = path.resolve(output)
  if (existsSync(target)) throw thereAlready(target)
  await readyFolder(path.dirname(target))
  const images = path.resolve(folder)
  const by = { ...options, engine: await engineFor(engine) }
  const named = path.join(classifiersFolder(), path.basename(classifier))
  const kept = (await readFewShot(path.resolve(classifier))) ?? (await readFewShot(named))
  const found = kept
    ? await predictByFewShot(kept, await findRun(kept.about.run, runs), images, target, by)
    : await predictFolder(path.resolve(classifier), images, target, by)
  console.log(`${found.images} images, ${found.unreadable} files could not be read. Written: ${target}`)
}
