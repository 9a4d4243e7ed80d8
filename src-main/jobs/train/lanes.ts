import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type AppErrorData, fromErrorData } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { mapValues } from '#model/tensor/step'
import type { Vectors } from '#model/tensor/vectors'
import { outFile } from '#platform/paths'
import { noGradients, vectorSizes } from '#model/objectives/pretrain'
import type { Images, PartPlan } from './gradients'

/** What a lane is made with. `weights`, by vector, lie in memory that all lanes read. */
export interface LaneTask {
  h: Hyperparameters
  engine: string
  plan: PartPlan
  weights: Record<string, Float32Array>
}
/** `gradients` are arrays to write to, by vector: they go to and fro, since new ones would cost as much as copying. */
export interface LaneQuestion {
  parts: Images[]
  gradients: Record<string, Float32Array>
}
/** Loss and gradients are sums over the parts. */
export interface LaneSum {
  loss: number
  gradients: Record<string, Float32Array>
}
export type LaneAnswer = LaneSum | { error: AppErrorData }

/** What to hand over with the arrays. */
export const buffersOf = (arrays: Record<string, Float32Array>) =>
  Object.values(arrays).map(({ buffer }) => buffer as ArrayBuffer)

/** Threads that compute gradients beside this one, which onnxruntime blocks meanwhile: each on a core of its own. */
export class Lanes {
  private constructor(
    private readonly threads: Worker[],
    /** What the lanes compute with. */
    readonly weights: LaneTask['weights'],
    private readonly gradients: LaneSum['gradients'][],
  ) {}

  static async open(count: number, vectors: Vectors, task: Omit<LaneTask, 'weights'>): Promise<Lanes> {
    const shared = (size: number) => new Float32Array(new SharedArrayBuffer(4 * size))
    const weights = count > 0 ? mapValues(vectorSizes(task.h, vectors), shared) : {}
    const workerData: LaneTask = { ...task, weights }
    const threads = Array.from({ length: count }, () => new Worker(outFile('lane'), { workerData }))
    await Promise.all(threads.map((thread) => once(thread, 'message')))
    const arrays = () => mapValues(noGradients(task.h, vectors), ({ values }) => values as Float32Array)
    return new Lanes(threads, weights, threads.map(arrays))
  }

  /** Sums of each lane for its own parts, good until the next are asked for. Lanes compute while the caller does. */
  sum(parts: Images[][]): Promise<LaneSum[]> {
    return Promise.all(
      this.threads.map(async (thread, i) => {
        const question: LaneQuestion = { parts: parts[i]!, gradients: this.gradients[i]! }
        thread.postMessage(question, buffersOf(question.gradients))
        const [answer] = (await once(thread, 'message')) as [LaneAnswer]
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
