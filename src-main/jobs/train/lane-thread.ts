import { parentPort, workerData } from 'node:worker_threads'
import { toErrorData } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { createEngine } from '#engine/engines'
import { noGradients } from '#engine/split/accumulate'
import { buffersOf, type LaneAnswer, type LaneData, type LaneQuestion } from '#engine/split/lanes'
import type { PartPlan } from '#engine/split/parts'
import { runToEnd } from '#platform/background'
import { weightShapes } from '#model/objectives/index'
import { packWeights, withMomentVectors } from '#model/optimizers/packing'
import { mapValues, sizeOf } from '#model/tensor/step'
import { vectorSizes } from '#model/tensor/vectors'
import { compileGradients, type Images } from './gradients'

export interface LaneTask {
  h: Hyperparameters
  engine: string
  plan: PartPlan
}

/** A thread that sums the gradients of parts of a batch on a core of its own. Null ends it, between two messages. */
async function main({ task: { h, engine: id, plan }, weights }: LaneData<LaneTask>): Promise<void> {
  const engine = await createEngine(id, { threads: 1 })
  const shapes = weightShapes(h)
  const zeros = mapValues(shapes, (shape) => ({ shape, values: new Float32Array(sizeOf(shape)) }))
  const vectors = packWeights(shapes, engine.device.vectorSize)
  const gradients = noGradients(vectorSizes(shapes, vectors))
  const state = engine.createState({ ...zeros, ...gradients }, withMomentVectors(vectors))
  const sumGradients = await compileGradients(h, engine, state, plan)

  async function answer({ parts, gradients }: LaneQuestion<Images>): Promise<LaneAnswer> {
    await state.write(mapValues(weights, (values) => ({ shape: [values.length], values })))
    const loss = await sumGradients(parts)
    await state.copy(gradients)
    return { loss, gradients }
  }

  async function tell(question: LaneQuestion<Images>): Promise<void> {
    const answered = await answer(question).catch((error: unknown) => ({ error: toErrorData(error) }))
    parentPort!.postMessage(answered, 'error' in answered ? [] : buffersOf(answered.gradients))
  }

  parentPort!.on('message', (question: LaneQuestion<Images> | null) => {
    if (!question) return process.exit()
    runToEnd(tell(question))
  })
  parentPort!.postMessage('ready')
}

runToEnd(main(workerData as LaneData<LaneTask>))
