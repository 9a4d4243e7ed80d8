import { type FileHandle, open, rm } from 'node:fs/promises'
import path from 'node:path'
import type { FoundImage } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Engine } from '#engine/engine'
import { Manifest } from '#images/manifest'
import { CheckpointModel, type CheckpointPlace } from '#inference/checkpoint-model'
import { embedBatches } from './embeddings'
import { unitRows } from './knn'

/** All images of a data set, listed in a manifest, and the checkpoint that measures them. */
export interface WholeSet {
  place: CheckpointPlace
  folder: string
  manifest: string
}

export interface MeasuredListener {
  losses(key: string, losses: { path: string; loss: number }[]): void
  measuring(key: string, share: number): void
}

/** Features on disk: a row of length 1 for each image that was read, whose places in the manifest are `rows`. */
interface Features {
  file: string
  images: Manifest
  rows: number[]
  width: number
}

/** Measured sets whose features stay on disk. */
const limit = 3
/** Images that are listed, and rows that are compared, at once. */
const portion = 8192

/**
 * Losses and features of all images of data sets, of any number: features lie in files below `folder` and are read a part at a
 * time, losses are told as they come.
 */
export class MeasuredSets {
  private readonly sets = new Map<string, Features>()
  private readonly stops = new Map<string, AbortController>()
  private files = 0

  constructor(
    private readonly engine: Engine,
    private readonly folder: string,
    private readonly listener: MeasuredListener,
  ) {}

  /** Measures all images under a key. Null if it was stopped. */
  measure = async (key: string, { place, folder, manifest }: WholeSet) => {
    const begin = performance.now()
    const { signal } = this.stopper(key)
    const images = await Manifest.read(manifest)
    const model = await CheckpointModel.open(this.engine, place)
    const file = path.join(this.folder, `features-${this.files++}`)
    const handle = await open(file, 'wx')
    const rows: number[] = []
    try {
      for (let first = 0; first < images.length && !signal.aborted; first += portion) {
        const part = Array.from({ length: Math.min(portion, images.length - first) }, (_, i) =>
          images.at(first + i),
        )
        const stopped = () => signal.aborted
        for await (const batch of embedBatches(model, folder, part, { first, stopped })) {
          await handle.write(unitRows({ values: batch.rows['pooled']!, width: model.h.width }))
          rows.push(...batch.places.map((at) => first + at))
          const losses = batch.places.map((at, i) => ({
            path: part[at]!.path,
            loss: batch.rows['losses']![i]!,
          }))
          this.listener.losses(key, losses)
          this.listener.measuring(key, (first + batch.done) / images.length)
        }
      }
      if (!signal.aborted) await this.keep(key, { file, images, rows, width: model.h.width })
    } finally {
      this.stops.delete(key)
      await handle.close()
      await model.dispose()
      if (this.sets.get(key)?.file !== file) await rm(file, { force: true })
    }
    return signal.aborted ? null : { images: rows.length, seconds: (performance.now() - begin) / 1000 }
  }

  /** Ends the measuring of a key between two batches. */
  stop = (key: string) => this.stops.get(key)?.abort()

  has = (key: string) => this.sets.has(key)

  /** The images most similar by cosine to the mean of some, nearest first, these left out. */
  similar = async (key: string, paths: string[], count: number): Promise<FoundImage[]> => {
    const set = this.sets.get(key)
    if (!set)
      throw new AppError('too-few-images', 'These images are not measured yet.', 'Measure them first.')
    const given = new Set(paths)
    const asked = new Set(set.rows.flatMap((at, row) => (given.has(set.images.at(at).path) ? [row] : [])))
    if (asked.size === 0)
      throw new AppError('too-few-images', 'These images were not measured.', 'Measure the data set again.')
    const handle = await open(set.file)
    try {
      const query = new Float32Array(set.width)
      for (const row of asked) addTo(query, await readRows(handle, row, 1, set.width))
      const wanted = unitRows({ values: query, width: set.width })
      return nearestOf(await this.similarities(handle, set, wanted), asked, count).map(({ row, value }) => ({
        path: set.images.at(set.rows[row]!).path,
        value,
      }))
    } finally {
      await handle.close()
    }
  }

  private async similarities(handle: FileHandle, { rows, width }: Features, wanted: Float32Array) {
    const found = new Float32Array(rows.length)
    for (let first = 0; first < rows.length; first += portion) {
      const count = Math.min(portion, rows.length - first)
      const values = await readRows(handle, first, count, width)
      for (let row = 0; row < count; row++) {
        let sum = 0
        for (let i = 0; i < width; i++) sum += values[row * width + i]! * wanted[i]!
        found[first + row] = sum
      }
    }
    return found
  }

  private stopper(key: string): AbortController {
    const stop = new AbortController()
    this.stops.set(key, stop)
    return stop
  }

  private async keep(key: string, features: Features): Promise<void> {
    const before = this.sets.get(key)
    this.sets.delete(key)
    this.sets.set(key, features)
    const oldest = this.sets.size > limit ? this.sets.entries().next().value! : null
    if (oldest) this.sets.delete(oldest[0])
    for (const gone of [before, oldest?.[1]]) if (gone) await rm(gone.file, { force: true })
  }
}

async function readRows(handle: FileHandle, first: number, count: number, width: number) {
  const values = new Float32Array(count * width)
  const bytes = new Uint8Array(values.buffer)
  for (let read = 0; read < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, read, bytes.length - read, 4 * first * width + read)
    if (bytesRead === 0) throw new Error('The file of features ends too early.')
    read += bytesRead
  }
  return values
}

const addTo = (sum: Float32Array, values: Float32Array) => values.forEach((value, i) => (sum[i]! += value))

/** The rows of the largest values, the largest first, without some. */
function nearestOf(values: Float32Array, without: Set<number>, count: number) {
  return Array.from(values, (value, row) => ({ row, value }))
    .filter(({ row }) => !without.has(row))
    .sort((a, b) => b.value - a.value)
    .slice(0, count)
}
