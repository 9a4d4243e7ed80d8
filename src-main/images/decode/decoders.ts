import { once } from 'node:events'
import { cpus } from 'node:os'
import { Worker } from 'node:worker_threads'
import { outFile } from '#platform/paths'
import type { PixelStatistics } from '#model/augment/crop'
import { normalise } from '#images/pixels/normalise'
import { decodeSeconds, refusals } from './refusals'
import { type DecodeMessage, type DecodeResult, type DecodeTask, lanes, newProgress, states } from './task'

/** Images in a message at most: messages cost time, but where few images wait all threads should have some. */
const imagesEach = 8

/** A thread and what it is at. */
interface Decoder {
  worker: Worker
  progress: Int32Array
  ended: Promise<unknown>
  lanes: Lane[]
}

interface Lane {
  decoder: Decoder
  number: number
  /** What was handed to it and is not answered. */
  tasks: DecodeTask[]
  /** The image that was decoded at the last look, and since when, in milliseconds. */
  at: number
  since: number
}

/**
 * Threads that decode images. They have JavaScript loops of their own, since onnxruntime's run() blocks that of
 * the training process. Whichever thread is free takes the next image. One that does not get on with an image, as can
 * happen in native code, is given up for another.
 */
export class Decoders {
  private readonly threads = new Set<Decoder>()
  private free: Lane[] = []
  private readonly queue: DecodeTask[] = []
  private readonly waiting = new Map<number, (reason: string | null) => void>()
  private readonly watch: NodeJS.Timeout
  private tasks = 0
  private handing = false

  /** `count` 0 chooses: all cores but one, at most 8. `patience` is how many milliseconds an image may take. */
  constructor(
    count: number,
    private readonly statistics: PixelStatistics,
    private readonly patience = 1.5 * decodeSeconds * 1000,
  ) {
    const chosen = count > 0 ? count : Math.min(Math.max(cpus().length - 1, 1), 8)
    for (let i = 0; i < chosen; i++) this.start()
    // A message for each thread before any gets a second.
    this.free.sort((a, b) => a.number - b.number)
    this.watch = setInterval(() => this.replaceStuck(), patience / 10).unref()
  }

  /** Decodes into the task's batch; answers why it could not, or null. */
  decode(task: Omit<DecodeTask, 'id'>): Promise<string | null> {
    const id = this.tasks++
    return new Promise((resolve) => {
      this.waiting.set(id, resolve)
      this.queue.push({ ...task, id })
      this.handSoon()
    })
  }

  /** Bytes that were decoded, as the model takes them; `pixels` is where to. */
  normalise = (bytes: SharedArrayBuffer, pixels?: Float32Array): Float32Array =>
    normalise(new Uint8Array(bytes), this.statistics, pixels)

  /** Threads end themselves, between two messages: a decoder of native code that is torn away takes the process along. */
  async close(): Promise<void> {
    this.queue.length = 0
    for (const { worker } of this.threads) worker.postMessage(null)
    await Promise.all(Array.from(this.threads, ({ ended }) => ended))
    clearInterval(this.watch)
  }

  private start(): void {
    const progress = newProgress()
    const worker = new Worker(outFile('decoder'), { workerData: progress })
    const decoder: Decoder = { worker, progress, ended: once(worker, 'exit'), lanes: [] }
    for (let number = 0; number < lanes; number++)
      decoder.lanes.push({ decoder, number, tasks: [], at: 0, since: 0 })
    worker.on('message', ({ lane, results }: { lane: number; results: DecodeResult[] }) => {
      if (this.threads.has(decoder)) this.take(decoder.lanes[lane]!, results)
    })
    this.threads.add(decoder)
    this.free.push(...decoder.lanes)
  }

  private take(lane: Lane, results: DecodeResult[]): void {
    lane.tasks = []
    this.free.push(lane)
    for (const { id, reason } of results) this.answer(id, reason)
    this.handSoon()
  }

  private answer(id: number, reason: string | null): void {
    this.waiting.get(id)!(reason)
    this.waiting.delete(id)
  }

  private replaceStuck(): void {
    const now = performance.now()
    for (const lane of [...this.threads].flatMap((decoder) => decoder.lanes)) {
      const at = Atomics.load(lane.decoder.progress, 1 + lane.number)
      if (at === 0 || at !== lane.at) Object.assign(lane, { at, since: now })
      else if (now - lane.since > this.patience) this.giveUp(lane.decoder, at - 1)
    }
  }

  /** Answers that an image takes too long; what else its thread had to do goes to others. */
  private giveUp(decoder: Decoder, stuck: number): void {
    if (Atomics.compareExchange(decoder.progress, 0, states.open, states.givenUp) !== states.open) return
    this.threads.delete(decoder)
    decoder.worker.unref()
    this.free = this.free.filter((lane) => lane.decoder !== decoder)
    this.queue.unshift(...decoder.lanes.flatMap(({ tasks }) => tasks).filter(({ id }) => id !== stuck))
    this.start()
    this.answer(stuck, refusals.tooSlow)
    this.handSoon()
  }

  /** Once all that is asked for now is in the queue. */
  private handSoon(): void {
    if (this.handing) return
    this.handing = true
    queueMicrotask(() => {
      this.handing = false
      while (this.queue.length && this.free.length) {
        const share = Math.ceil(this.queue.length / this.free.length)
        const tasks = this.queue.splice(0, Math.min(share, imagesEach))
        const lane = this.free.shift()!
        lane.tasks = tasks
        const message: DecodeMessage = { lane: lane.number, tasks }
        lane.decoder.worker.postMessage(message)
      }
    })
  }
}
