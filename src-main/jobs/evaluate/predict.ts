import path from 'node:path'
import { AppError } from '#shared/errors'
import { createEngine } from '#engine/engines'
import { csvText } from '#formats/csv'
import { classifyStep } from '#model/heads/classifier'
import { writeFileSafely } from '#storage/files'
import { readRun } from '#storage/run/run-folder'
import { readClassifier, readEvaluation } from '#storage/evaluation-folder'
import { imageSizeOf } from './fine-tune'
import { softmax } from './score'
import { ForwardPass } from '#inference/features/forward-pass'
import { scanned } from '#images/index/scanned'

/**
 * Classifies all images below `folder` with a fine-tuned model and writes a CSV file: path, class, its probability and
 * the probability of each class. Throws AppError bad-settings where nothing was fine-tuned.
 */
export async function predictFolder(
  evaluation: string,
  folder: string,
  target: string,
  options: { engine: string; threads: number; decoders: number },
): Promise<{ images: number; unreadable: number }> {
  const { plan } = await readEvaluation(evaluation)
  if (plan.kind !== 'finetune')
    throw new AppError(
      'bad-settings',
      'Only a fine-tuned model predicts classes.',
      'Choose a fine-tuning evaluation.',
    )
  const { hyperparameters: h, statistics } = await readRun(path.dirname(path.dirname(evaluation)))
  const { weights, classes } = await readClassifier(evaluation)
  const { images: found, unreadable } = await scanned(folder)
  const images = Array.from({ length: found.length }, (_, i) => found.at(i))
  const engine = await createEngine(options.engine, options)
  const pass = await ForwardPass.open(engine, engine.createState(weights), classifyStep(h, plan.settings), {
    size: imageSizeOf(h, plan.settings),
    decoders: options.decoders,
    statistics,
  })
  try {
    const { values } = await pass.rows(folder, images)
    const lines = images.map(({ path: file }, i) => {
      const probabilities = softmax(values.subarray(i * classes.length, (i + 1) * classes.length))
      const best = probabilities.indexOf(Math.max(...probabilities))
      return [file, classes[best]!, ...[probabilities[best]!, ...probabilities].map((p) => p.toFixed(4))]
    })
    const table = [['path', 'class', 'probability', ...classes], ...lines]
    await writeFileSafely(target, table.map((row) => `${row.map(csvText).join(',')}\n`).join(''))
  } finally {
    await pass.close()
  }
  return { images: images.length, unreadable }
}
