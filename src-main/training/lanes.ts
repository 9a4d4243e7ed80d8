import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type AppErrorData, fromErrorData } from '../../src-shared/errors'
import type { Hyperparameters } from '../../src-shared/hyperparameters'
import { mapValues, type NamedTensorData } from '../ops/step'
import { outFile } from '../paths'
import { vectorSizes } from '../saim/pretrain'
import type { Images, PartPlan } from './gradients'

/** What a lane is made with. `weights`, by vector, lie in memory that all lanes read. */
export interface LaneTask {
  h: Hyperparameters
  engine: string
  plan: PartPlan
  weights: Record<string, Float32Array>
}
/** Loss and gradients are sums over parts; gradients by their vectors. */
export interface LaneSum {
  loss: number
  gradients: NamedTensorData
}
export type LaneAnswer = LaneSum | { error: AppErrorData }

/** Threads that compute gradients beside this one, which onnxruntime blocks meanwhile: each on a core of its own. */
export class Lanes {
  private constructor(
    private readonly threads: Worker[],
    private readonly weights: LaneTask['weights'],
  ) {}

  static async open(count: number, task: Omit<LaneTask, 'weights'>): Promise<Lanes> {
    const shared = (size: number) => new Float32Array(new SharedArrayBuffer(4 * size))
    const weights = mapValues(vectorSizes(task.h), shared)
    const workerData: LaneTask = { ...task, weights }
    const threads = Array.from({ length: count }, () => new Worker(outFile('lane'), { workerData }))
    await Promise.all(threads.map((thread) => once(thread, 'message')))
    return new Lanes(threads, weights)
  }

  /** Sums of each lane for its own parts. Lanes compute while the caller does. */
  sum(weights: NamedTensorData, parts: Images[][]): Promise<LaneSum[]> {
    for (const [vector, { values }] of Object.entries(weights)) this.weights[vector]!.set(values)
    return Promise.all(
      this.threads.map(async (thread, i) => {
        thread.postMessage(parts[i]!)
        const [answer] = (await once(thread, 'message')) as [LaneAnswer]
        if ('error' in answer) throw fromErrorData(answer.error)
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
