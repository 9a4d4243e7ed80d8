import type { Engine } from '#engine/engine'
import { csvTable } from '#shared/csv'
import type { Listed } from '#images/listed'
import { overImages } from '#inference/over-images'
import { rowsAt } from '#inference/rows'
import type { OpenClassifier } from './open'

/** What a classifier says of an image: the probability of each of its classes. */
export interface Prediction {
  path: string
  probabilities: number[]
}

/** Predictions of some images, those that could not be read, and how many images are done. */
export interface Predicted {
  predictions: Prediction[]
  unreadable: { path: string; reason: string }[]
  done: number
}

const batch = 32

/** Names the classes of images of a folder, a batch at a time. */
export async function* predictions(
  engine: Engine,
  { classes, weights, statistics, model, cropOf }: OpenClassifier,
  { folder, images }: Pick<Listed, 'folder' | 'images'>,
  { decoders = 0, stopped }: { decoders?: number; stopped?: () => boolean } = {},
): AsyncGenerator<Predicted> {
  const state = engine.createState(weights)
  const { imageSize: size } = model
  const shape = [batch, size, size, 3]
  const program = await engine.compile(model.step, state, { images: { shape, dtype: 'float32' } })
  try {
    const list = { folder, images, statistics, decoders }
    const run = (pixels: Float32Array) => program.run({ images: pixels })
    for await (const { places, rows, unreadable, done } of overImages(
      list,
      { size, batch, cropOf, stopped },
      run,
    ))
      yield {
        predictions: places.map((at, i) => ({
          path: images[at]!.path,
          probabilities: [...rowsAt(rows['probabilities']!, classes.length, [i])],
        })),
        unreadable,
        done,
      }
  } finally {
    await program.dispose()
    state.dispose()
  }
}

/** The place of the likeliest class. */
export const likeliest = ({ probabilities }: Pick<Prediction, 'probabilities'>) =>
  probabilities.indexOf(Math.max(...probabilities))

/** A CSV file with a line for each image: path, class, its probability and the probability of each class. */
export const predictionsCsv = (classes: string[], rows: Prediction[]): string =>
  csvTable([
    ['path', 'class', 'probability', ...classes],
    ...rows.map((row) => {
      const best = likeliest(row)
      const numbers = [row.probabilities[best]!, ...row.probabilities].map((p) => p.toFixed(4))
      return [row.path, classes[best]!, ...numbers]
    }),
  ])
