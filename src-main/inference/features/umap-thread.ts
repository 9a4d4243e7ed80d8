import { parentPort, workerData } from 'node:worker_threads'
import { UMAP } from 'umap-js'
import { messagesRead, runToEnd } from '#platform/background'
import type { Neighbours } from './knn'
import type { Plane } from './plane'

/** What the thread reports: its progress, from the first round on, and finally the places. */
export type UmapMessage = { share: number } | { plane: Plane }

/**
 * A thread that places rows by UMAP (McInnes, Healy and Melville), the same at every call. Before its first round it
 * receives no messages for up to ten seconds; after that any message ends it with the places so far.
 */
async function main({ k, indices, similarities }: Neighbours): Promise<void> {
  let stopped = false
  parentPort!.once('message', () => (stopped = true))
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
  for (let round = 1; round <= rounds && !stopped; round++) {
    umap.step()
    post({ share: round / rounds })
    await messagesRead()
  }
  const places = umap.getEmbedding()
  post({ plane: { x: places.map(([x]) => x!), y: places.map(([, y]) => y!) } })
}

const post = (message: UmapMessage) => parentPort!.postMessage(message)

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

runToEnd(main(workerData as Neighbours))
