import sharp from 'sharp'
import { parentPort, workerData } from 'node:worker_threads'
import { decodeImage } from './decode'
import { explain } from './explain'
import { type DecodeMessage, type DecodeResult, type DecodeTask, states } from './task'
import { operations } from '#images/pixels/image-operations'
import { fillSlot, readSlot } from '#images/pixel-cache'
import type { Pixels } from '#images/pixels/pixels'
import { cropPixels } from '#images/pixels/resample'
import { runToEnd } from '#platform/background'

const progress = workerData as Int32Array

// Each thread decodes one image at a time; libvips' own threads and cache would only compete with them.
sharp.concurrency(1)
sharp.cache(false)

parentPort!.on('message', (message: DecodeMessage | null) => {
  if (!message) return process.exit()
  runToEnd(answer(message))
})

async function answer({ lane, tasks }: DecodeMessage): Promise<void> {
  const results: DecodeResult[] = []
  for (const task of tasks) {
    Atomics.store(progress, 1 + lane, task.id + 1)
    const made = await decoded(task).catch((error) => explain(error, task.file))
    const { open, writing } = states
    if (Atomics.compareExchange(progress, 0, open, writing) !== open) return process.exit()
    if (typeof made !== 'string') write(task, made)
    results.push({ id: task.id, reason: typeof made === 'string' ? made : null })
    Atomics.store(progress, 1 + lane, 0)
    Atomics.store(progress, 0, open)
  }
  parentPort!.postMessage({ lane, results })
}

/** The pixels of a task, and the whole image where it was not kept yet. */
interface Decoded {
  pixels: Pixels
  whole: Pixels | null
}

async function decoded(task: DecodeTask): Promise<Decoded> {
  const { file, width, height, reduction, crop, flip, scaled, size, slot } = task
  const bytes = slot && readSlot(slot)
  const whole = bytes
    ? { bytes, width: Math.ceil(width / reduction), height: Math.ceil(height / reduction) }
    : await decodeImage(file, { width, height, reduction })
  const pixels = (task.operations ?? []).reduce<Pixels>(
    (image, { name, argument }) => operations[name](image, argument),
    { bytes: cropPixels(whole, crop, { size, flip, scaled }), width: size, height: size },
  )
  return { pixels, whole: bytes ? null : whole }
}

function write({ batch, offset, slot }: DecodeTask, { pixels, whole }: Decoded): void {
  if (slot && whole) fillSlot(slot, whole.bytes)
  new Uint8Array(batch).set(pixels.bytes, offset)
}
