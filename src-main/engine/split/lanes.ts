import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type AppErrorData, fromErrorData } from '#shared/errors'
import { mapValues } from '#model/tensor/step'
import { outFile } from '#platform/paths'
import { noGradients } from './accumulate'

type Arrays = Record<string, Float32Array>

/** What a lane's thread is made with: its task, and the weights, by vector, in memory that all lanes read. */
export interface LaneData<Task> {
  task: Task
  weights: Arrays
}
/**
 * A part to add to the sum; then, to end it, arrays to write the sum's gradients to, by vector. They go to and fro, since new
 * ones would cost as much as copying.
 */
export type LaneQuestion<Part> = { part: Part } | { gradients: Arrays }
/** Loss and gradients are sums over the parts. */
export interface LaneSum {
  loss: number
  gradients: Arrays
}
export type LaneAnswer = LaneSum | { error: AppErrorData }

/** What to hand over with the arrays. */
export const buffersOf = (arrays: Arrays) => Object.values(arrays).map(({ buffer }) => buffer as ArrayBuffer)

/** Threads that compute gradients beside this one, which onnxruntime blocks meanwhile: each on a core of its own. */
export class Lanes<Part> {
  private constructor(
    private readonly threads: Worker[],
    /** What the lanes compute with. */
    readonly weights: Arrays,
    private readonly gradients: Arrays[],
  ) {}

  /** `count` threads of the built file `entry`, for vectors of these sizes. */
  static async open<Task, Part>(
    entry: string,
    task: Task,
    count: number,
    sizes: Record<string, number>,
  ): Promise<Lanes<Part>> {
    const shared = (size: number) => new Float32Array(new SharedArrayBuffer(4 * size))
    const weights = count > 0 ? mapValues(sizes, shared) : {}
    const workerData: LaneData<Task> = { task, weights }
    const threads = Array.from({ length: count }, () => new Worker(outFile(entry), { workerData }))
    await Promise.all(threads.map((thread) => once(thread, 'message')))
    const arrays = () => mapValues(noGradients(sizes), ({ values }) => values as Float32Array)
    return new Lanes<Part>(threads, weights, threads.map(arrays))
  }

  /**
   * Sums of each lane for its own parts, which it gets one after another as they come; good until the next are asked for.
   * Lanes compute while the caller does.
   */
  sum(parts: (() => Promise<Part>)[][]): Promise<LaneSum[]> {
    return Promise.all(
      this.threads.map(async (thread, i) => {
        const ask = (question: LaneQuestion<Part>, hand: ArrayBuffer[] = []) =>
          thread.postMessage(question, hand)
        const answered = once(thread, 'message') as Promise<[LaneAnswer]>
        const handOver = async () => {
          for (const part of parts[i]!) ask({ part: await part() })
          ask({ gradients: this.gradients[i]! }, buffersOf(this.gradients[i]!))
        }
        const [[answer]] = await Promise.all([answered, handOver()])
        if ('error' in answer) throw fromErrorData(answer.error)
        this.gradients[i] = answer.gradients
        return answer
      }),
    )
  }

  /** Lanes end themselves: native code that is torn away takes the process along. */
  async close(): Promise<void> {
    const ends = this.threads.map((thread) => once(thread, 'exit'))
    for (const thread of this.threads) thread.postMessage(null)
    await Promise.all(ends)
  }
}
