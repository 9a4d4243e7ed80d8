import { once } from 'node:events'
import { cpus } from 'node:os'
import { Worker } from 'node:worker_threads'
import { outFile } from '#platform/paths'
import type { PixelStatistics } from '#model/augment/crop'
import type { DecodeResult, DecodeTask } from './decoder-thread'
import { normalise } from '#images/pixels/normalise'

/** Messages that a thread holds at a time: one that it works on, one that waits. */
const messagesEach = 2
/** Images in a message at most: messages cost time, but where few images wait all threads should have some. */
const imagesEach = 8

/**
 * Threads that decode images. They have JavaScript loops of their own, since onnxruntime's run() blocks that of
 * the training process. Whichever thread is free takes the next image.
 */
export class Decoders {
  private readonly threads: Worker[]
  private readonly ends: Promise<unknown>[]
  private readonly free: Worker[]
  private readonly queue: DecodeTask[] = []
  private readonly waiting = new Map<number, (reason: string | null) => void>()
  private tasks = 0
  private handing = false

  /** `count` 0 chooses: all cores but one, at most 8. */
  constructor(
    count: number,
    private readonly statistics: PixelStatistics,
  ) {
    const chosen = count || Math.min(Math.max(cpus().length - 1, 1), 8)
    this.threads = Array.from({ length: chosen }, () => {
      const thread = new Worker(outFile('decoder'))
      thread.on('message', (results: DecodeResult[]) => {
        this.free.push(thread)
        for (const { id, reason } of results) {
          this.waiting.get(id)!(reason)
          this.waiting.delete(id)
        }
        this.handSoon()
      })
      return thread
    })
    this.ends = this.threads.map((thread) => once(thread, 'exit'))
    this.free = Array.from({ length: messagesEach }, () => this.threads).flat()
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
    for (const thread of this.threads) thread.postMessage(null)
    await Promise.all(this.ends)
  }

  /** Once all that is asked for now is in the queue. */
  private handSoon(): void {
    if (this.handing) return
    this.handing = true
    queueMicrotask(() => {
      this.handing = false
      while (this.queue.length && this.free.length) {
        const share = Math.ceil(this.queue.length / this.free.length)
        this.free.shift()!.postMessage(this.queue.splice(0, Math.min(share, imagesEach)))
      }
    })
  }
}
