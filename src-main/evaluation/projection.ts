import { Matrix } from 'ml-matrix'
import { PCA } from 'ml-pca'
import { UMAP } from 'umap-js'
import type { FeatureRows, Neighbours } from './knn'

/** Places of features on a plane. */
export interface Plane {
  x: number[]
  y: number[]
}

/** More rows than this do not change the directions of the largest variance. */
const rowsForPca = 2000

/** The two directions in which the features vary most, found on evenly chosen rows where there are very many. */
export function projectPca({ values, width }: FeatureRows): Plane {
  const data = Matrix.from1DArray(values.length / width, width, values)
  const stride = Math.ceil(data.rows / rowsForPca)
  const chosen = Array.from({ length: Math.ceil(data.rows / stride) }, (_, i) => data.getRow(i * stride))
  const pca = new PCA(chosen, { method: 'covarianceMatrix' })
  const places = pca.predict(data, { nComponents: 2 })
  return { x: places.getColumn(0), y: places.getColumn(1) }
}

interface UmapOptions {
  onProgress?(share: number): void
  /** Asked between rounds; the places so far are answered. */
  stopped?(): boolean
}

/**
 * UMAP (McInnes, Healy and Melville) of features by the neighbours that each has in their own bank, the same at every
 * call. Lets messages in.
 */
export async function projectUmap(
  { k, indices, similarities }: Neighbours,
  { onProgress, stopped }: UmapOptions = {},
): Promise<Plane> {
  const count = indices.length / k
  const perRow = (value: (i: number) => number) =>
    Array.from({ length: count }, (_, row) => Array.from({ length: k }, (_, n) => value(row * k + n)))
  const umap = new UMAP({ nNeighbors: k, random: randomNumbers() })
  umap.setPrecomputedKNN(
    perRow((i) => indices[i]!),
    perRow((i) => Math.max(0, 1 - similarities[i]!)),
  )
  // With the neighbours known, UMAP looks at nothing of the features but their number.
  const rounds = umap.initializeFit(Array.from({ length: count }, () => []))
  for (let round = 1; round <= rounds && !stopped?.(); round++) {
    umap.step()
    onProgress?.(round / rounds)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const places = umap.getEmbedding()
  return { x: places.map(([x]) => x!), y: places.map(([, y]) => y!) }
}

/** Mulberry32: UMAP draws some hundred million numbers, so that they must be cheap rather than good. */
function randomNumbers(): () => number {
  let state = 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
