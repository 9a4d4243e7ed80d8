import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Engine, State } from '#engine/engine'
import { laneInputs, laneSpecs, noGradients, updateStep } from '#engine/split/accumulate'
import { Lanes } from '#engine/split/lanes'
import { accumulates, deal } from '#engine/split/parts'
import { weightShapes } from '#model/objectives/index'
import { rateInputs, trainInputs, trainStep, update } from '#model/objectives/pretrain'
import { withMoments } from '#model/optimizers/adamw'
import { packWeights, withMomentVectors } from '#model/optimizers/packing'
import type { NamedTensorData } from '#model/tensor/step'
import { vectorSizes } from '#model/tensor/vectors'
import { compileGradients, type Images, inputsOf, partsOf, planOf, workloadOf } from './gradients'
import type { LaneTask } from './lane-thread'

/** Updates the weights once, from a batch or from several whose gradients accumulate; `step` counts from 1. */
export interface Update {
  run(batches: Images[], learningRate: number, step: number): Promise<{ loss: number; gradientNorm: number }>
  /** Ends its threads. */
  close(): Promise<void>
}

/** `state` is that of `startingState` on the same engine. */
export async function compileUpdate(h: Hyperparameters, engine: Engine, state: State): Promise<Update> {
  const scalars = (learningRate: number, step: number) => ({
    learningRate: Float32Array.of(learningRate),
    step: Float32Array.of(step),
  })
  const number = (outputs: NamedTensorData, name: string) => outputs[name]!.values[0]!

  const plan = planOf(h, engine.device)
  if (!accumulates(workloadOf(h), plan)) {
    const program = await engine.compile(trainStep(h, plan.branches), state, trainInputs(h))
    const run: Update['run'] = async ([batch], learningRate, step) => {
      const outputs = await program.run({ ...inputsOf(h, batch!), ...scalars(learningRate, step) })
      return { loss: number(outputs, 'loss'), gradientNorm: number(outputs, 'gradientNorm') }
    }
    return { run, close: async () => undefined }
  }

  const others = plan.lanes - 1
  const vectors = packWeights(weightShapes(h), engine.device.vectorSize)
  const sizes = vectorSizes(weightShapes(h), vectors)
  const task: LaneTask = { h, engine: engine.id, plan }
  const opening = Lanes.open<LaneTask, Images>('lane', task, others, sizes)
  const sumGradients = await compileGradients(h, engine, state, plan)
  const updating = updateStep(
    (weights, gradients, { learningRate, step }) => update(h, weights, gradients, learningRate!, step!),
    vectors,
    others,
  )
  const program = await engine.compile(updating, state, { ...rateInputs, ...laneSpecs(sizes, others) })
  const lanes = await opening

  const run: Update['run'] = async (batches, learningRate, step) => {
    const parts = batches.flatMap((batch) => partsOf(h, batch, plan.size))
    const [own, ...theirs] = deal(parts, plan.lanes)
    await state.copy(lanes.weights)
    const [laneSums, ownLoss] = await Promise.all([lanes.sum(theirs), sumGradients(own!)])
    const loss = laneSums.reduce((total, { loss }) => total + loss, ownLoss)
    if (!Number.isFinite(loss)) return { loss, gradientNorm: NaN }
    const gradients = laneInputs(laneSums.map((sum) => sum.gradients))
    const outputs = await program.run({ ...scalars(learningRate, step), ...gradients })
    return { loss, gradientNorm: number(outputs, 'gradientNorm') }
  }
  return { run, close: () => lanes.close() }
}

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
