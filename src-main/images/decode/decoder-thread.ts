import sharp from 'sharp'
import { parentPort } from 'node:worker_threads'
import type { Crop } from '#model/augment/crop'
import { decodeImage } from './decode'
import { explain } from './explain'
import { type Operation, operations } from '#images/pixels/image-operations'
import { fillSlot, readSlot, type Slot } from '#images/pixel-cache'
import type { Pixels } from '#images/pixels/pixels'
import { cropPixels } from '#images/pixels/resample'

/** One image to be written into its place in a batch. */
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
  /** The batch [B, size, size, 3] in bytes, shared by all threads, and where the image starts in it. */
  batch: SharedArrayBuffer
  offset: number
  /** Where the reduced image's pixels are kept; absent where there is no room. */
  slot?: Slot
}

export interface DecodeResult {
  id: number
  /** Why the image could not be decoded; null where it was. */
  reason: string | null
}

// Each thread decodes one image at a time; libvips' own threads and cache would only compete with them.
sharp.concurrency(1)
sharp.cache(false)

parentPort!.on('message', async (tasks: DecodeTask[] | null) => {
  if (!tasks) return process.exit()
  const results: DecodeResult[] = []
  for (const task of tasks) {
    const reason = await decodeInto(task).then(
      () => null,
      (error) => explain(error, task.file),
    )
    results.push({ id: task.id, reason })
  }
  parentPort!.postMessage(results)
})

async function decodeInto(task: DecodeTask): Promise<void> {
  const { crop, flip, size, batch, offset } = task
  const cropped = cropPixels(await wholeImage(task), crop, { size, flip })
  const pixels = (task.operations ?? []).reduce<Pixels>(
    (image, { name, argument }) => operations[name](image, argument),
    { bytes: cropped, width: size, height: size },
  )
  new Uint8Array(batch).set(pixels.bytes, offset)
}

async function wholeImage({ file, width, height, reduction, slot }: DecodeTask): Promise<Pixels> {
  const bytes = slot && readSlot(slot)
  if (bytes) return { bytes, width: Math.ceil(width / reduction), height: Math.ceil(height / reduction) }
  const pixels = await decodeImage(file, { width, height, reduction })
  if (slot) fillSlot(slot, pixels.bytes)
  return pixels
}
