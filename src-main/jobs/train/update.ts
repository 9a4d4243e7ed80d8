import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Engine, State } from '#engine/engine'
import type { NamedTensorData } from '#model/tensor/step'
import { withMoments } from '#model/optimizers/adamw'
import {
  laneInputs,
  noGradients,
  trainingVectors,
  trainInputs,
  trainStep,
  updateInputs,
  updateStep,
  weightVectors,
} from '#model/objectives/pretrain'
import { compileGradients, type Images, inputsOf, type PartPlan, partsOf, planParts } from './gradients'
import { Lanes } from './lanes'

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

  const plan = planParts(h, engine.device)
  if (!accumulates(h, plan)) {
    const program = await engine.compile(trainStep(h, plan.branches), state, trainInputs(h))
    const run: Update['run'] = async ([batch], learningRate, step) => {
      const outputs = await program.run({ ...inputsOf(h, batch!), ...scalars(learningRate, step) })
      return { loss: number(outputs, 'loss'), gradientNorm: number(outputs, 'gradientNorm') }
    }
    return { run, close: async () => undefined }
  }

  const others = plan.lanes - 1
  const vectors = weightVectors(h, engine.device.vectorSize)
  const opening = Lanes.open(others, vectors, { h, engine: engine.id, plan })
  const sumGradients = await compileGradients(h, engine, state, plan)
  const update = await engine.compile(updateStep(h, vectors, others), state, updateInputs(h, vectors, others))
  const lanes = await opening

  const run: Update['run'] = async (batches, learningRate, step) => {
    const parts = batches.flatMap((batch) => partsOf(h, batch, plan.size))
    const [own, ...theirs] = deal(parts, plan.lanes)
    await state.copy(lanes.weights)
    const [laneSums, ownLoss] = await Promise.all([lanes.sum(theirs), sumGradients(own!)])
    const loss = laneSums.reduce((total, { loss }) => total + loss, ownLoss)
    if (!Number.isFinite(loss)) return { loss, gradientNorm: NaN }
    const gradients = laneInputs(laneSums.map((sum) => sum.gradients))
    const outputs = await update.run({ ...scalars(learningRate, step), ...gradients })
    return { loss, gradientNorm: number(outputs, 'gradientNorm') }
  }
  return { run, close: () => lanes.close() }
}

/** Deals parts to lanes in turn, so that what a lane adds up depends on nothing but how many lanes there are. */
const deal = (parts: Images[], lanes: number): Images[][] =>
  Array.from({ length: lanes }, (_, lane) => parts.filter((_, i) => i % lanes === lane))

const accumulates = (h: Hyperparameters, { size }: PartPlan) => size < h.batchSize * h.accumulation

/** A state of weights with what the optimizer kept beside them, or with new moments. */
export const startingState = (
  h: Hyperparameters,
  engine: Engine,
  weights: NamedTensorData,
  optimizer: NamedTensorData = {},
): State => {
  const vectors = weightVectors(h, engine.device.vectorSize)
  return engine.createState(
    {
      ...withMoments(weights),
      ...optimizer,
      ...(accumulates(h, planParts(h, engine.device)) && noGradients(h, vectors)),
    },
    trainingVectors(vectors),
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
