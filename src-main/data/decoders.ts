import { cpus } from 'node:os'
import { Worker } from 'node:worker_threads'
import { outFile } from '../paths'
import type { DecodeResult, DecodeTask } from './decoder-thread'

/**
 * Threads that decode images. They have JavaScript loops of their own, since onnxruntime's run() blocks that of
 * the training process.
 */
export class Decoders {
  private readonly threads: Worker[]
  private readonly waiting = new Map<number, (reason: string | null) => void>()
  private tasks = 0

  /** `count` 0 chooses: all cores but one, at most 8. */
  constructor(count: number) {
    const chosen = count || Math.min(Math.max(cpus().length - 1, 1), 8)
    this.threads = Array.from({ length: chosen }, () => {
      const thread = new Worker(outFile('decoder'))
      thread.on('message', ({ id, reason }: DecodeResult) => {
        this.waiting.get(id)!(reason)
        this.waiting.delete(id)
      })
      return thread
    })
  }

  /** Decodes into the task's batch; answers why it could not, or null. */
  decode(task: Omit<DecodeTask, 'id'>): Promise<string | null> {
    const id = this.tasks++
    return new Promise((resolve) => {
      this.waiting.set(id, resolve)
      this.threads[id % this.threads.length]!.postMessage({ ...task, id } satisfies DecodeTask)
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.terminate()))
  }
}
