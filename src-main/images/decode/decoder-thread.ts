import sharp from 'sharp'
import { parentPort, workerData } from 'node:worker_threads'
import { decodeImage } from './decode'
import { explain } from './explain'
import { type DecodeResult, type DecodeTask, lanes, states } from './task'
import { operations } from '#images/pixels/image-operations'
import { fillSlot, readSlot } from '#images/pixel-cache'
import type { Pixels } from '#images/pixels/pixels'
import { cropPixels } from '#images/pixels/resample'
import { messagesRead, runToEnd } from '#platform/background'

const progress = workerData as Int32Array

// Each thread decodes one image at a time; libvips' own threads and cache would only compete with them.
sharp.concurrency(1)
sharp.cache(false)

/** Images that wait, and lanes that wait for one. */
const waiting: DecodeTask[] = []
const free = Array.from({ length: lanes }, (_, lane) => lane)

/** What was not told yet: each message costs time, and so does each image that a step waits for. */
let results: DecodeResult[] = []
let toldAt = 0
const together = { images: 8, milliseconds: 10 }

parentPort!.on('message', (tasks: DecodeTask[] | null) => {
  if (!tasks) return process.exit()
  waiting.push(...tasks)
  for (const lane of free.splice(0, waiting.length)) runToEnd(work(lane))
})

async function work(lane: number): Promise<void> {
  for (let task = waiting.shift(); task; task = waiting.shift()) {
    Atomics.store(progress, 1 + lane, task.id + 1)
    const made = await decoded(task).catch((error) => explain(error, task.file))
    const { open, writing } = states
    if (Atomics.compareExchange(progress, 0, open, writing) !== open) return process.exit()
    if (typeof made !== 'string') write(task, made)
    results.push({ id: task.id, reason: typeof made === 'string' ? made : null })
    Atomics.store(progress, 1 + lane, 0)
    Atomics.store(progress, 0, open)
    const isDue = results.length >= together.images || performance.now() - toldAt > together.milliseconds
    if (isDue || waiting.length === 0) await tell()
  }
  free.push(lane)
}

/** Answers what is done, and lets messages in. */
async function tell(): Promise<void> {
  parentPort!.postMessage(results)
  results = []
  toldAt = performance.now()
  await messagesRead()
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
