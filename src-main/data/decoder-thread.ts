import sharp from 'sharp'
import { parentPort, workerData } from 'node:worker_threads'
import type { Crop, PixelStatistics } from '../saim/augmentation'
import { cropPixels, decodeImage, type Pixels } from './decode'
import { explain } from './explain'
import { type Operation, operations } from './image-operations'

/** One image to be written, normalised, into its place in a batch. */
export interface DecodeTask {
  id: number
  file: string
  /** Size of the image as the scan found it, and the factor to decode it smaller by. */
  width: number
  height: number
  reduction: number
  /** In the reduced image. */
  crop: Crop
  flip: boolean
  size: number
  /** Done one after the other on the cropped image. */
  operations?: Operation[]
  /** The batch [B, size, size, 3], shared by all threads, and where the image starts in it. */
  batch: SharedArrayBuffer
  offset: number
  /** Keeps the reduced image's pixels; absent where there is no room. */
  kept?: { pixels: SharedArrayBuffer; filled: boolean }
}

export interface DecodeResult {
  id: number
  /** Why the image could not be decoded; null where it was. */
  reason: string | null
}

// Each thread decodes one image after the other; libvips' own threads and cache would only compete with them.
sharp.concurrency(1)
sharp.cache(false)

/** (byte / 255 - mean) / deviation for each channel and byte. */
const { mean, deviation } = workerData as PixelStatistics
const normalised = mean.map((value, channel) =>
  Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - value) / deviation[channel]!),
)

parentPort!.on('message', async (task: DecodeTask) => {
  const reason = await decodeInto(task).then(
    () => null,
    (error) => explain(error, task.file),
  )
  parentPort!.postMessage({ id: task.id, reason } satisfies DecodeResult)
})

async function decodeInto(task: DecodeTask): Promise<void> {
  const { crop, flip, size, batch, offset } = task
  const cropped = await cropPixels(await wholeImage(task), crop, { size, flip })
  const pixels = (task.operations ?? []).reduce<Pixels>(
    (image, { name, argument }) => operations[name](image, argument),
    { bytes: cropped, width: size, height: size },
  ).bytes
  const values = new Float32Array(batch)
  const [red, green, blue] = normalised as [Float32Array, Float32Array, Float32Array]
  for (let i = 0; i < pixels.length; i += 3) {
    values[offset + i] = red[pixels[i]!]!
    values[offset + i + 1] = green[pixels[i + 1]!]!
    values[offset + i + 2] = blue[pixels[i + 2]!]!
  }
}

async function wholeImage({ file, width, height, reduction, kept }: DecodeTask): Promise<Pixels> {
  if (kept?.filled)
    return {
      bytes: new Uint8Array(kept.pixels).slice(), // sharp takes no shared memory
      width: Math.ceil(width / reduction),
      height: Math.ceil(height / reduction),
    }
  const pixels = await decodeImage(file, { width, height, reduction })
  if (kept) new Uint8Array(kept.pixels).set(pixels.bytes)
  return pixels
}
