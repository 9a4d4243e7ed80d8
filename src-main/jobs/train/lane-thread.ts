import { parentPort, workerData } from 'node:worker_threads'
import { toErrorData } from '#shared/errors'
import { createEngine } from '#engine/engines'
import { mapValues, sizeOf } from '#model/tensor/step'
import { noGradients, trainingVectors, weightVectors } from '#model/objectives/pretrain'
import { weightShapes } from '#model/objectives/weights'
import { compileGradients } from './gradients'
import { buffersOf, type LaneAnswer, type LaneQuestion, type LaneTask } from './lanes'

/** A thread that sums the gradients of parts of a batch on a core of its own. Null ends it, between two messages. */
async function main({ h, engine: id, plan, weights }: LaneTask): Promise<void> {
  const engine = await createEngine(id, { threads: 1 })
  const zeros = mapValues(weightShapes(h), (shape) => ({ shape, values: new Float32Array(sizeOf(shape)) }))
  const vectors = weightVectors(h, engine.device.vectorSize)
  const state = engine.createState({ ...zeros, ...noGradients(h, vectors) }, trainingVectors(vectors))
  const sumGradients = await compileGradients(h, engine, state, plan)

  async function answer({ parts, gradients }: LaneQuestion): Promise<LaneAnswer> {
    await state.write(mapValues(weights, (values) => ({ shape: [values.length], values })))
    const loss = await sumGradients(parts)
    await state.copy(gradients)
    return { loss, gradients }
  }

  parentPort!.on('message', async (question: LaneQuestion | null) => {
    if (!question) return process.exit()
    const answered = await answer(question).catch((error: unknown) => ({ error: toErrorData(error) }))
    parentPort!.postMessage(answered, 'error' in answered ? [] : buffersOf(answered.gradients))
  })
  parentPort!.postMessage('ready')
}

void main(workerData as LaneTask)
