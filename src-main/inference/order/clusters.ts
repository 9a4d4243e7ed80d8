import { kmeansGenerator } from 'ml-kmeans'
import type { DatasetIndex } from '#images/index/dataset-index'
import { keepClusters } from '#images/index/clusters'
import type { FeaturesOf } from '#inference/features/kept-features'
import type { FeatureRows } from '#inference/features/knn'
import { rowsAt } from '#inference/rows'
import { messagesRead } from '#platform/background'
import { evenIndices } from '#shared/spread'
import { measuredRows } from './measured-rows'

/** Rows that centres are found by. The others go to the nearest. */
const fittedRows = 4000
const seed = 1

export interface Clustering {
  /** The cluster of each row, from 0, and the row's squared distance from the centre. */
  of: Int32Array
  distances: Float64Array
}

/** Divides the measured images of a data set into clusters and keeps these, the largest as “Cluster 1”. */
export async function cluster(index: DatasetIndex, checkpoint: FeaturesOf, count: number): Promise<void> {
  const { files, values, width } = await measuredRows(index, checkpoint, count)
  const { of, distances } = await kMeans({ values, width }, count)
  const sizes = Array.from({ length: count }, () => 0)
  for (const one of of) sizes[one]!++
  const largestFirst = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]!)
  const names = sizes.map((_, one) => `Cluster ${largestFirst.indexOf(one) + 1}`)
  keepClusters(
    index,
    files.map((file, row) => ({ file, cluster: names[of[row]!]!, distance: Math.sqrt(distances[row]!) })),
  )
}

/** k-means by Lloyd's iterations, which let messages in between; `centres` are those to begin with, else of k-means++. */
export async function kMeans(rows: FeatureRows, count: number, centres?: number[][]): Promise<Clustering> {
  const { values, width } = rows
  const total = values.length / width
  const fitted = evenIndices(total, fittedRows).map((row) => [...rowsAt(values, width, [row])])
  const options = { seed, ...(centres && { initialization: centres }) }
  let found = centres ?? []
  for (const { centroids } of kmeansGenerator(fitted, count, options)) {
    found = centroids
    await messagesRead()
  }
  return nearestCentres(rows, found)
}

function nearestCentres({ values, width }: FeatureRows, centres: number[][]): Clustering {
  const of = new Int32Array(values.length / width)
  const distances = new Float64Array(of.length).fill(Infinity)
  for (let row = 0; row < of.length; row++)
    centres.forEach((centre, k) => {
      let distance = 0
      for (let i = 0, at = row * width; i < width; i++, at++) distance += (values[at]! - centre[i]!) ** 2
      if (distance < distances[row]!) [of[row], distances[row]] = [k, distance]
    })
  return { of, distances }
}
