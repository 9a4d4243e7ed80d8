import type { Engine } from '#engine/engine'
import type { StepFunction } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { messagesRead } from '#platform/background'

/** Rows of features [n, width], row-major. */
export interface FeatureRows {
  values: Float32Array
  width: number
}

/** For each query the rows of the bank that are nearest by cosine, nearest first: [queries, k] row-major. */
export interface Neighbours {
  k: number
  indices: Int32Array
  similarities: Float32Array
}

/** Queries of one matrix product. */
const chunk = 256

/** The `k` rows of `bank` nearest to each of `queries`, of the same width. A row is its own neighbour in its own bank. */
export async function nearest(
  engine: Engine,
  bank: FeatureRows,
  queries: FeatureRows,
  k: number,
): Promise<Neighbours> {
  const { width } = bank
  const rows = bank.values.length / width
  const count = queries.values.length / width
  const state = engine.createState({ bank: { shape: [rows, width], values: unitRows(bank) } })
  const program = await engine.compile(nearestStep(k), state, {
    queries: { shape: [chunk, width], dtype: 'float32' },
  })
  const wanted = unitRows(queries)
  const found = { k, indices: new Int32Array(count * k), similarities: new Float32Array(count * k) }
  for (let first = 0; first < count; first += chunk) {
    const part = new Float32Array(chunk * width)
    part.set(wanted.subarray(first * width, (first + chunk) * width))
    const { indices, similarities } = await program.run({ queries: part })
    const end = Math.min(chunk, count - first) * k
    found.indices.set(indices!.values.subarray(0, end), first * k)
    found.similarities.set(similarities!.values.subarray(0, end), first * k)
    await messagesRead()
  }
  await program.dispose()
  state.dispose()
  return found
}

const nearestStep =
  (k: number): StepFunction =>
  ({ bank }, { queries }) => {
    const { values, indices } = tf.topk(tf.matMul(queries!, bank!, false, true), k)
    return { outputs: { similarities: values, indices } }
  }

/** The same rows at length 1; a row of zeros stays. */
export function unitRows({ values, width }: FeatureRows): Float32Array {
  const unit = values.slice()
  for (let start = 0; start < unit.length; start += width) {
    const row = unit.subarray(start, start + width)
    const length = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0)) || 1
    for (let i = 0; i < width; i++) row[i]! /= length
  }
  return unit
}

/**
 * What each query's neighbours give each class, [queries, classes]: the weight exp(similarity / temperature) each (Wu et
 * al., "Unsupervised feature learning via non-parametric instance discrimination"). labels: the class of each row of the
 * bank.
 */
export function votes(
  { k, indices, similarities }: Neighbours,
  labels: ArrayLike<number>,
  classes: number,
  temperature = 0.07,
): Float64Array {
  const given = new Float64Array((indices.length / k) * classes)
  indices.forEach((row, i) => {
    given[Math.floor(i / k) * classes + labels[row]!]! += Math.exp(similarities[i]! / temperature)
  })
  return given
}

/** The class that each query's neighbours give the most to. */
export function vote(neighbours: Neighbours, labels: ArrayLike<number>, temperature = 0.07): Int32Array {
  const classes = 1 + Array.from(labels).reduce((largest, label) => Math.max(largest, label), 0)
  const given = votes(neighbours, labels, classes, temperature)
  return Int32Array.from({ length: given.length / classes }, (_, query) => {
    const row = given.subarray(query * classes, (query + 1) * classes)
    return row.indexOf(Math.max(...row))
  })
}
