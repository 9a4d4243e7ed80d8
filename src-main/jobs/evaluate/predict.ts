import path from 'node:path'
import { AppError } from '#shared/errors'
import { createEngine } from '#engine/engines'
import { csvTable } from '#formats/csv'
import { classifyStep } from '#model/heads/classifier'
import { writeFileSafely } from '#storage/files'
import { readRun } from '#storage/run/run-folder'
import { readClassifier, readEvaluation } from '#storage/evaluation-folder'
import { imageSizeOf } from './fine-tune'
import { softmax } from './score'
import { CheckpointModel } from '#inference/checkpoint-model'
import { embedBatches } from '#inference/features/embeddings'
import { ForwardPass } from '#inference/features/forward-pass'
import { unitRows } from '#inference/features/knn'
import { probabilities, scores } from '#inference/labels/few-shot'
import type { readFewShot } from '#inference/labels/kept'
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
    const rows = images.map(({ path: file }, i) => ({
      ...{ file, probabilities: softmax(values.subarray(i * classes.length, (i + 1) * classes.length)) },
    }))
    await writeTable(target, classes, rows)
  } finally {
    await pass.close()
  }
  return { images: images.length, unreadable }
}

/** The same by a classifier of few labels on the features of a checkpoint. */
export async function predictByFewShot(
  { about, classifier }: NonNullable<Awaited<ReturnType<typeof readFewShot>>>,
  run: string,
  folder: string,
  target: string,
  options: { engine: string; threads: number },
): Promise<{ images: number; unreadable: number }> {
  const { images: found, unreadable } = await scanned(folder)
  const images = Array.from({ length: found.length }, (_, i) => found.at(i))
  const engine = await createEngine(options.engine, options)
  const model = await CheckpointModel.open(engine, { folder: run, step: about.step })
  const { classes, width, temperature } = classifier
  const rows: { file: string; probabilities: number[] }[] = []
  try {
    for await (const batch of embedBatches(model, folder, images)) {
      const answers = scores(classifier, unitRows({ values: batch.rows['pooled']!, width }))
      const shares = probabilities(answers, classes.length, temperature)
      batch.places.forEach((at, i) => {
        const own = shares.subarray(i * classes.length, (i + 1) * classes.length)
        rows.push({ file: images[at]!.path, probabilities: [...own] })
      })
    }
  } finally {
    await model.dispose()
  }
  await writeTable(target, classes, rows)
  return { images: rows.length, unreadable: unreadable + images.length - rows.length }
}

/** Writes a CSV file with a line for each image: path, class, its probability and the probability of each class. */
async function writeTable(
  target: string,
  classes: string[],
  rows: { file: string; probabilities: number[] }[],
): Promise<void> {
  const lines = rows.map(({ file, probabilities: own }) => {
    const best = own.indexOf(Math.max(...own))
    return [file, classes[best]!, ...[own[best]!, ...own].map((p) => p.toFixed(4))]
  })
  const table = [['path', 'class', 'probability', ...classes], ...lines]
  await writeFileSafely(target, csvTable(table))
}
