import { AppError } from '#shared/errors'
import type { FoundImage } from '#shared/contract'
import type { DatasetIndex } from '#images/index/dataset-index'
import { type Checkpoint, pathsOfRows, rowsOfPaths } from '#images/index/measured'
import { FeatureFile } from './feature-file'
import { unitRows } from './knn'

/** What images shall be similar to: images of the data set and features of others, together. */
export interface Wanted {
  paths: string[]
  features: number[][]
}

/**
 * The images of a data set most similar by cosine to the mean of what is wanted, nearest first, those that were named left out.
 * Every image is compared (docs/decisions/0035-search-by-every-row.md).
 */
export async function similarTo(
  index: DatasetIndex,
  file: string,
  { width, ...checkpoint }: Checkpoint & { width: number },
  { paths, features }: Wanted,
  count: number,
): Promise<FoundImage[]> {
  const asked = rowsOfPaths(index, checkpoint, paths)
  if (asked.length === 0 && features.length === 0)
    throw new AppError('too-few-images', 'These images were not measured.', 'Measure the data set again.')
  const opened = await FeatureFile.toRead(file, width)
  try {
    const given = [...features.flat(), ...(await opened.read(asked))]
    const sum = Float32Array.from({ length: width }, (_, i) => {
      let total = 0
      for (let at = i; at < given.length; at += width) total += given[at]!
      return total
    })
    const products = await opened.products(unitRows({ values: sum, width }))
    return nearestImages(index, checkpoint, products, new Set(asked), count)
  } finally {
    await opened.close()
  }
}

/** The images of the largest products. Rows that belong to no image now are passed over. */
function nearestImages(
  index: DatasetIndex,
  checkpoint: Checkpoint,
  products: Float32Array,
  without: Set<number>,
  count: number,
): FoundImage[] {
  const ascending = products.slice().sort()
  for (let some = 2 * count + without.size; ; some *= 4) {
    const least = ascending[Math.max(0, ascending.length - some)] ?? 0
    const rows = Array.from(products.keys()).filter((row) => products[row]! >= least && !without.has(row))
    rows.sort((a, b) => products[b]! - products[a]!)
    const paths = pathsOfRows(index, checkpoint, rows)
    const found = rows.flatMap((row) =>
      paths.has(row) ? [{ path: paths.get(row)!, value: products[row]! }] : [],
    )
    if (found.length >= count || some >= ascending.length) return found.slice(0, count)
  }
}
