import type { Engine } from '#engine/engine'
import { type ImageFile, Manifest } from '#images/manifest'
import type { Measured } from '#images/index/measured'
import { CheckpointModel, type CheckpointPlace } from '#inference/checkpoint-model'
import { embedBatches } from './embeddings'
import { FeatureFile } from './feature-file'
import { unitRows } from './knn'

/** Images of a data set to be measured with a checkpoint, listed in a manifest, and where their features go. */
export interface ToMeasure {
  place: CheckpointPlace
  folder: string
  manifest: string
  features: string
  /** Rows of the file that are free, and the number of the first one behind all others. */
  free: number[]
  end: number
}

/** Images that are listed at once. */
const portion = 8192

/**
 * Looks once at each image: writes its feature, of length 1, into the file, and tells then which row that is and its loss. Answers
 * how many images could be read; null if it was stopped, where what was told stays told.
 */
export async function measure(
  engine: Engine,
  { place, folder, manifest, features, free, end }: ToMeasure,
  { onBatch, signal }: { onBatch(found: Measured[], share: number): void; signal: AbortSignal },
): Promise<number | null> {
  const images = await Manifest.read(manifest)
  const model = await CheckpointModel.open(engine, place)
  const file = await FeatureFile.toWrite(features, model.h.width)
  const rowOf = (at: number) => free[at] ?? end + at - free.length
  let read = 0
  try {
    for (let first = 0; first < images.length && !signal.aborted; first += portion) {
      const count = Math.min(portion, images.length - first)
      const part: ImageFile[] = Array.from({ length: count }, (_, i) => images.at(first + i))
      const asked = { placeOf: (i: number) => rowOf(first + i), stopped: () => signal.aborted }
      for await (const { places, rows, done } of embedBatches(model, folder, part, asked)) {
        const written = places.map((at) => rowOf(first + at))
        await file.write(written, unitRows({ values: rows['pooled']!, width: model.h.width }))
        const found = places.map((at, i) => ({
          ...{ path: part[at]!.path, loss: rows['losses']![i]!, row: written[i]! },
        }))
        onBatch(found, (first + done) / images.length)
        read += places.length
      }
    }
  } finally {
    await file.close()
    await model.dispose()
  }
  return signal.aborted ? null : read
}
