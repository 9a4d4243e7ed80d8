import { existsSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { predictFolder } from '#jobs/evaluate/predict'
import { thereAlready } from '#storage/files'
import { engineFor } from './support/engines'
import { decodersOption, engineOption, threadsOption } from './support/options'
import { readyFolder } from '#storage/ready-folder'

interface PredictOptions {
  output: string
  engine: string
  threads: number
  decoders: number
}

export const predictCommand = new Command('predict')
  .description('name the classes of images by a fine-tuned model, as CSV')
  .argument('<evaluation>', 'the folder that a fine-tuning is kept in')
  .argument('<folder>', 'the images')
  .option('--output <file>', 'where the table is written', 'predictions.csv')
  .addOption(engineOption())
  .addOption(threadsOption())
  .addOption(decodersOption())
  .action(predict)

/** `saim predict`: names the classes of all images below a folder by a fine-tuned model, as CSV. */
async function predict(
  evaluation: string,
  folder: string,
  { output, engine, ...options }: PredictOptions,
): Promise<void> {
  const target = path.resolve(output)
  if (existsSync(target)) throw thereAlready(target)
  await readyFolder(path.dirname(target))
  const found = await predictFolder(path.resolve(evaluation), path.resolve(folder), target, {
    ...options,
    engine: await engineFor(engine),
  })
  console.log(`${found.images} images, ${found.unreadable} files could not be read. Written: ${target}`)
}
