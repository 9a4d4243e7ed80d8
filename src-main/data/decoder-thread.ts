import sharp from 'sharp'
import { parentPort } from 'node:worker_threads'
import { type Crop, imageDeviation, imageMean } from '../saim/augmentation'
import { decodeImage, explain } from './decode'

/** One image to be written, normalised, into its place in a batch. */
export interface DecodeTask {
  id: number
  file: string
  crop: Crop
  flip: boolean
  size: number
  /** The batch [B, size, size, 3], shared by all threads, and where the image starts in it. */
  batch: SharedArrayBuffer
  offset: number
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
const normalised = imageMean.map((mean, channel) =>
  Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / imageDeviation[channel]!),
)

parentPort!.on('message', (task: DecodeTask) => {
  decodeInto(task).then(
    () => parentPort!.postMessage({ id: task.id, reason: null } satisfies DecodeResult),
    (error) => parentPort!.postMessage({ id: task.id, reason: explain(error) } satisfies DecodeResult),
  )
})

async function decodeInto({ file, crop, flip, size, batch, offset }: DecodeTask): Promise<void> {
  const pixels = await decodeImage(file, crop, { size, flip })
  const values = new Float32Array(batch)
  const [red, green, blue] = normalised as [Float32Array, Float32Array, Float32Array]
  for (let i = 0; i < pixels.length; i += 3) {
    values[offset + i] = red[pixels[i]!]!
    values[offset + i + 1] = green[pixels[i + 1]!]!
    values[offset + i + 2] = blue[pixels[i + 2]!]!
  }
}
