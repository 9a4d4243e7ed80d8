import { Worker } from 'node:worker_threads'
import { Matrix } from 'ml-matrix'
import { PCA } from 'ml-pca'
import { outFile } from '#platform/paths'
import type { FeatureRows, Neighbours } from './knn'
import type { Plane } from './plane'
import type { UmapMessage } from './umap-thread'

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
  /** Ends it with the places so far, or with null if there are none yet. */
  signal?: AbortSignal
}

/** UMAP of features by the neighbours that each has in their own bank, in a separate thread. */
export async function projectUmap(
  neighbours: Neighbours,
  { onProgress, signal }: UmapOptions = {},
): Promise<Plane | null> {
  const thread = new Worker(outFile('umap'), { workerData: neighbours })
  try {
    return await new Promise((resolve, reject) => {
      let begun = false
      signal?.addEventListener('abort', () => (begun ? thread.postMessage('stop') : resolve(null)))
      thread.on('message', (message: UmapMessage) => {
        if ('plane' in message) return resolve(message.plane)
        begun = true
        onProgress?.(message.share)
      })
      thread.on('error', reject)
    })
  } finally {
    await thread.terminate()
  }
}
