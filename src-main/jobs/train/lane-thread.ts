import { on } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { type AppErrorData, toErrorData } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { createEngine } from '#engine/engines'
import { noGradients } from '#engine/split/accumulate'
import { buffersOf, type LaneAnswer, type LaneData, type LaneQuestion } from '#engine/split/lanes'
import type { PartPlan } from '#engine/split/parts'
import { runToEnd } from '#platform/background'
import type { PixelStatistics } from '#model/augment/crop'
import { weightShapes } from '#model/objectives/index'
import { packWeights, withMomentVectors } from '#model/optimizers/packing'
import { mapValues, sizeOf } from '#model/tensor/step'
import { vectorSizes } from '#model/tensor/vectors'
import { compileGradients, type Images } from './gradients'

export interface LaneTask {
  h: Hyperparameters
  statistics: PixelStatistics
  engine: string
  plan: PartPlan
}

/** A thread that sums the gradients of parts of a batch on a core of its own. Null ends it, between two messages. */
async function main({
  task: { h, statistics, engine: id, plan },
  weights,
}: LaneData<LaneTask>): Promise<void> {
  const engine = await createEngine(id, { threads: 1 })
  const shapes = weightShapes(h)
  const zeros = mapValues(shapes, (shape) => ({ shape, values: new Float32Array(sizeOf(shape)) }))
  const vectors = packWeights(shapes, engine.device.vectorSize)
  const gradients = noGradients(vectorSizes(shapes, vectors))
  const state = engine.createState({ ...zeros, ...gradients }, withMomentVectors(vectors))
  const addGradients = await compileGradients(h, statistics, engine, state, plan)
  const answer = (answered: LaneAnswer) =>
    parentPort!.postMessage(answered, 'error' in answered ? [] : buffersOf(answered.gradients))

  let [parts, loss] = [0, 0]
  async function take(question: LaneQuestion<Images>): Promise<void> {
    if ('gradients' in question) {
      await state.copy(question.gradients)
      answer({ loss, gradients: question.gradients })
      ;[parts, loss] = [0, 0]
      return
    }
    if (parts === 0) await state.write(mapValues(weights, (values) => ({ shape: [values.length], values })))
    loss += await addGradients(question.part, parts++ === 0)
  }

  const questions = on(parentPort!, 'message')
  parentPort!.postMessage('ready')
  let failed: AppErrorData | null = null
  for await (const [question] of questions as AsyncIterable<[LaneQuestion<Images> | null]>) {
    if (!question) return process.exit()
    if (!failed) await take(question).catch((error: unknown) => (failed = toErrorData(error)))
    if (failed && 'gradients' in question) answer({ error: failed })
  }
}

runToEnd(main(workerData as LaneData<LaneTask>))
