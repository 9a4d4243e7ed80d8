import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Engine, State } from '#engine/engine'
import { laneInputs, laneSpecs, noGradients, updateStep } from '#engine/split/accumulate'
import { Lanes } from '#engine/split/lanes'
import { accumulates, deal } from '#engine/split/parts'
import type { Batch } from '#images/batches'
import type { PixelStatistics } from '#model/augment/crop'
import { byteInputs, ofBytes } from '#model/augment/normalise'
import { weightShapes } from '#model/objectives/index'
import { rateInputs, trainInputs, trainStep, update } from '#model/objectives/pretrain'
import { withMoments } from '#model/optimizers/adamw'
import { packWeights, withMomentVectors } from '#model/optimizers/packing'
import type { NamedTensorData } from '#model/tensor/step'
import { vectorSizes } from '#model/tensor/vectors'
import { compileGradients, type Images, inputsOf, partOf, partsOf, planOf, workloadOf } from './gradients'
import { messagesRead } from '#platform/background'
import type { LaneTask } from './lane-thread'

/** Images of which some may be on their way: see Batch. */
export type ArrivingImages = Images & Partial<Pick<Batch, 'arrived'>>

/** `waited`: how long the engine had to wait for images, in milliseconds. */
export interface Updated {
  loss: number
  gradientNorm: number
  waited: number
}

/**
 * Updates the weights once, from a batch or from several whose gradients accumulate; `step` counts from 1. Parts are computed
 * as their images arrive.
 */
export interface Update {
  run(batches: ArrivingImages[], learningRate: number, step: number): Promise<Updated>
  /** Ends its threads. */
  close(): Promise<void>
}

/** `state` is that of `startingState` on the same engine. */
export async function compileUpdate(
  h: Hyperparameters,
  statistics: PixelStatistics,
  engine: Engine,
  state: State,
): Promise<Update> {
  const scalars = (learningRate: number, step: number) => ({
    learningRate: Float32Array.of(learningRate),
    step: Float32Array.of(step),
  })
  const number = (outputs: NamedTensorData, name: string) => outputs[name]!.values[0]!
  /** What a part has once its images are there, and how long that took. */
  const timed = async (part: Part) => {
    const start = performance.now()
    return { images: await part(), waited: performance.now() - start }
  }

  const plan = planOf(h, engine.device)
  if (!accumulates(workloadOf(h), plan)) {
    const whole = ofBytes(trainStep(h, plan.branches), statistics)
    const program = await engine.compile(whole, state, byteInputs(trainInputs(h)))
    const run: Update['run'] = async (batches, learningRate, step) => {
      const [part] = arriving(h, batches, plan.size)
      const { images, waited } = await timed(part!)
      const outputs = await program.run({ ...inputsOf(h, images), ...scalars(learningRate, step) })
      return { loss: number(outputs, 'loss'), gradientNorm: number(outputs, 'gradientNorm'), waited }
    }
    return { run, close: async () => undefined }
  }

  const others = plan.lanes - 1
  const vectors = packWeights(weightShapes(h), engine.device.vectorSize)
  const sizes = vectorSizes(weightShapes(h), vectors)
  const task: LaneTask = { h, statistics, engine: engine.id, plan }
  const opening = Lanes.open<LaneTask, Images>('lane', task, others, sizes)
  const addGradients = await compileGradients(h, statistics, engine, state, plan)
  const updating = updateStep(
    (weights, gradients, { learningRate, step }) => update(h, weights, gradients, learningRate!, step!),
    vectors,
    others,
  )
  const program = await engine.compile(updating, state, { ...rateInputs, ...laneSpecs(sizes, others) })
  const lanes = await opening

  const run: Update['run'] = async (batches, learningRate, step) => {
    const [own, ...theirs] = deal(arriving(h, batches, plan.size), plan.lanes)
    await state.copy(lanes.weights)
    const [laneSums, ownSum] = await Promise.all([lanes.sum(theirs), sumOwn(own!)])
    const { waited } = ownSum
    const loss = laneSums.reduce((total, { loss }) => total + loss, ownSum.loss)
    if (!Number.isFinite(loss)) return { loss, gradientNorm: NaN, waited }
    const gradients = laneInputs(laneSums.map((sum) => sum.gradients))
    const outputs = await program.run({ ...scalars(learningRate, step), ...gradients })
    return { loss, gradientNorm: number(outputs, 'gradientNorm'), waited }
  }
  const sumOwn = async (parts: Part[]) => {
    const sum = { loss: 0, waited: 0 }
    for (const [i, part] of parts.entries()) {
      await messagesRead()
      const { images, waited } = await timed(part)
      sum.waited += waited
      sum.loss += await addGradients(images, i === 0)
    }
    return sum
  }
  return { run, close: () => lanes.close() }
}

type Part = () => Promise<Images>

/** Each `size` images of some batches, when they are there. */
const arriving = (h: Hyperparameters, batches: ArrivingImages[], size: number): Part[] =>
  batches.flatMap((batch) =>
    partsOf(batch.indices.length, size).map((from) => async () => {
      await batch.arrived?.(from, from + size)
      return partOf(h, batch, from, size)
    }),
  )

/** A state of weights with what the optimizer kept beside them, or with new moments. */
export const startingState = (
  h: Hyperparameters,
  engine: Engine,
  weights: NamedTensorData,
  optimizer: NamedTensorData = {},
): State => {
  const shapes = weightShapes(h)
  const vectors = packWeights(shapes, engine.device.vectorSize)
  return engine.createState(
    {
      ...withMoments(weights),
      ...optimizer,
      ...(accumulates(workloadOf(h), planOf(h, engine.device)) && noGradients(vectorSizes(shapes, vectors))),
    },
    withMomentVectors(vectors),
  )
}

/** Names with a slash are kept beside the weights: moments and gradients. */
export function splitState(values: NamedTensorData) {
  const entries = Object.entries(values)
  return {
    weights: Object.fromEntries(entries.filter(([name]) => !name.includes('/'))),
    optimizer: Object.fromEntries(entries.filter(([name]) => name.startsWith('adam.'))),
  }
}
