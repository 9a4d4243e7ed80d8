import { cpus } from 'node:os'
import { Worker } from 'node:worker_threads'
import { outFile } from '../paths'
import type { PixelStatistics } from '../saim/augmentation'
import type { DecodeResult, DecodeTask } from './decoder-thread'

/** Images that a thread holds at a time: one that it decodes, one that waits. */
const tasksEach = 2

/**
 * Threads that decode images. They have JavaScript loops of their own, since onnxruntime's run() blocks that of
 * the training process. Whichever thread is free takes the next image.
 */
export class Decoders {
  private readonly threads: Worker[]
  private readonly free: Worker[]
  private readonly queue: DecodeTask[] = []
  private readonly waiting = new Map<number, (reason: string | null) => void>()
  private tasks = 0

  /** `count` 0 chooses: all cores but one, at most 8. */
  constructor(count: number, statistics: PixelStatistics) {
    const chosen = count || Math.min(Math.max(cpus().length - 1, 1), 8)
    this.threads = Array.from({ length: chosen }, () => {
      const thread = new Worker(outFile('decoder'), { workerData: statistics })
      thread.on('message', ({ id, reason }: DecodeResult) => {
        this.free.push(thread)
        this.waiting.get(id)!(reason)
        this.waiting.delete(id)
        this.hand()
      })
      return thread
    })
    this.free = Array.from({ length: tasksEach }, () => this.threads).flat()
  }

  /** Decodes into the task's batch; answers why it could not, or null. */
  decode(task: Omit<DecodeTask, 'id'>): Promise<string | null> {
    const id = this.tasks++
    return new Promise((resolve) => {
      this.waiting.set(id, resolve)
      this.queue.push({ ...task, id })
      this.hand()
    })
  }

  async close(): Promise<void> {
    this.queue.length = 0
    await Promise.all(this.threads.map((thread) => thread.terminate()))
  }

  private hand(): void {
    while (this.queue.length && this.free.length) this.free.shift()!.postMessage(this.queue.shift()!)
  }
}
