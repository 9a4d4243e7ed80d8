import { parentPort, workerData } from 'node:worker_threads'
import { toErrorData } from '../../src-shared/errors'
import { createEngine } from '../engine'
import { mapValues, sizeOf } from '../ops/step'
import { noGradients, trainingVectors } from '../saim/pretrain'
import { weightShapes } from '../saim/weights'
import { compileGradients, type Images } from './gradients'
import type { LaneAnswer, LaneTask } from './lanes'

/** A thread that sums the gradients of parts of a batch on a core of its own. Null ends it, between two messages. */
async function main({ h, engine: id, plan, weights }: LaneTask): Promise<void> {
  const engine = await createEngine(id, { threads: 1 })
  const zeros = mapValues(weightShapes(h), (shape) => ({ shape, values: new Float32Array(sizeOf(shape)) }))
  const none = noGradients(h)
  const state = engine.createState({ ...zeros, ...none }, trainingVectors(h))
  const addGradients = await compileGradients(h, engine, state, plan)

  async function answer(parts: Images[]): Promise<LaneAnswer> {
    await state.write(mapValues(weights, (values) => ({ shape: [values.length], values })))
    await state.write(none)
    return { loss: await addGradients(parts), gradients: await state.read(Object.keys(none)) }
  }

  parentPort!.on('message', async (parts: Images[] | null) => {
    if (!parts) return process.exit()
    const answered = await answer(parts).catch((error: unknown) => ({ error: toErrorData(error) }))
    const arrays = 'error' in answered ? [] : Object.values(answered.gradients)
    parentPort!.postMessage(
      answered,
      arrays.map(({ values }) => values.buffer as ArrayBuffer),
    )
  })
  parentPort!.postMessage('ready')
}

void main(workerData as LaneTask)
