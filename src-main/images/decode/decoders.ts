import { once } from 'node:events'
import { cpus } from 'node:os'
import { Worker } from 'node:worker_threads'
import { outFile } from '#platform/paths'
import type { PixelStatistics } from '#model/augment/crop'
import { normalise } from '#images/pixels/normalise'
import { decodeSeconds, refusals } from './refusals'
import { type DecodeResult, type DecodeTask, lanes, newProgress, states } from './task'

/** A thread and what it is at. */
interface Decoder {
  worker: Worker
  progress: Int32Array
  ended: Promise<unknown>
  /** What was handed to it and is not answered, by number. */
  tasks: Map<number, DecodeTask>
  /** Of each lane the image that was decoded at the last look, and since when, in milliseconds. */
  lanes: { at: number; since: number }[]
}

/** Threads to decode with where nobody chose: all cores but one; half of them where an engine computes on the cores too. */
export const decoderCount = (sharesCores: boolean): number =>
  Math.max(1, sharesCores ? Math.floor(cpus().length / 2) : cpus().length - 1)

/**
 * Threads that decode images. They have JavaScript loops of their own, since engines block that of the training process:
 * all that is asked for is handed out at once, or threads would have nothing to do meanwhile. The thread with the fewest
 * images gets the next. One that does not get on with an image, as can happen in native code, is given up for another.
 */
export class Decoders {
  private readonly threads = new Set<Decoder>()
  private readonly queue: DecodeTask[] = []
  private readonly waiting = new Map<number, (reason: string | null) => void>()
  private readonly watch: NodeJS.Timeout
  private tasks = 0
  private handing = false

  /** `count` 0 chooses, as for an engine that shares the cores. `patience` is how many milliseconds an image may take. */
  constructor(
    count: number,
    private readonly statistics: PixelStatistics,
    private readonly patience = 1.5 * decodeSeconds * 1000,
  ) {
    const chosen = count > 0 ? count : decoderCount(true)
    for (let i = 0; i < chosen; i++) this.start()
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
    const decoder: Decoder = {
      worker,
      progress,
      ended: once(worker, 'exit'),
      tasks: new Map(),
      lanes: Array.from({ length: lanes }, () => ({ at: 0, since: 0 })),
    }
    worker.on('message', (results: DecodeResult[]) => {
      if (!this.threads.has(decoder)) return
      for (const { id, reason } of results) {
        decoder.tasks.delete(id)
        this.answer(id, reason)
      }
    })
    this.threads.add(decoder)
  }

  private answer(id: number, reason: string | null): void {
    this.waiting.get(id)!(reason)
    this.waiting.delete(id)
  }

  private replaceStuck(): void {
    const now = performance.now()
    for (const decoder of [...this.threads])
      for (const [number, lane] of decoder.lanes.entries()) {
        const at = Atomics.load(decoder.progress, 1 + number)
        if (at === 0 || at !== lane.at) Object.assign(lane, { at, since: now })
        else if (now - lane.since > this.patience) this.giveUp(decoder, at - 1)
      }
  }

  /** Answers that an image takes too long; what else its thread had to do goes to others. */
  private giveUp(decoder: Decoder, stuck: number): void {
    if (Atomics.compareExchange(decoder.progress, 0, states.open, states.givenUp) !== states.open) return
    this.threads.delete(decoder)
    decoder.worker.unref()
    decoder.tasks.delete(stuck)
    this.queue.unshift(...decoder.tasks.values())
    this.start()
    this.answer(stuck, refusals.tooSlow)
    this.handSoon()
  }

  private idlest(): Decoder {
    const [first, ...others] = this.threads
    return others.reduce((idlest, other) => (other.tasks.size < idlest.tasks.size ? other : idlest), first!)
  }

  /** Once all that is asked for now is in the queue. */
  private handSoon(): void {
    if (this.handing) return
    this.handing = true
    queueMicrotask(() => {
      this.handing = false
      const shares = new Map<Decoder, DecodeTask[]>()
      for (const task of this.queue.splice(0)) {
        const decoder = this.idlest()
        decoder.tasks.set(task.id, task)
        if (!shares.get(decoder)?.push(task)) shares.set(decoder, [task])
      }
      for (const [{ worker }, tasks] of shares) worker.postMessage(tasks)
    })
  }
}
