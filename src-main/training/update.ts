import type { Hyperparameters } from '../../src-shared/hyperparameters'
import type { Batch } from '../data/batches'
import type { Engine, State } from '../engine/engine'
import type { NamedTensorData } from '../ops/step'
import { orders } from '../saim/order'
import {
  accumulateStep,
  imageInputs,
  trainingState,
  trainInputs,
  trainStep,
  updateInputs,
  updateStep,
} from '../saim/pretrain'

/** Updates the weights once, from a batch or from several whose gradients accumulate; `step` counts from 1. */
export type Update = (
  batches: Batch[],
  learningRate: number,
  step: number,
) => Promise<{ loss: number; gradientNorm: number }>

export async function compileUpdate(h: Hyperparameters, engine: Engine, state: State): Promise<Update> {
  const imagesOf = (batch: Batch) => ({
    images: batch.images,
    order: orders(h, h.seed, batch.epoch, batch.indices),
  })
  const scalars = (learningRate: number, step: number) => ({
    learningRate: Float32Array.of(learningRate),
    step: Float32Array.of(step),
  })
  const number = (outputs: NamedTensorData, name: string) => outputs[name]!.values[0]!

  if (h.accumulation === 1) {
    const step = await engine.compile(trainStep(h), state, trainInputs(h))
    return async ([batch], learningRate, count) => {
      const outputs = await step.run({ ...imagesOf(batch!), ...scalars(learningRate, count) })
      return { loss: number(outputs, 'loss'), gradientNorm: number(outputs, 'gradientNorm') }
    }
  }
  const accumulate = await engine.compile(accumulateStep(h), state, imageInputs(h))
  const update = await engine.compile(updateStep(h), state, updateInputs())
  return async (batches, learningRate, count) => {
    let loss = 0
    for (const batch of batches)
      loss += number(await accumulate.run(imagesOf(batch)), 'loss') / batches.length
    if (!Number.isFinite(loss)) return { loss, gradientNorm: NaN }
    const outputs = await update.run(scalars(learningRate, count))
    return { loss, gradientNorm: number(outputs, 'gradientNorm') }
  }
}

/** Weights with what the optimizer kept beside them, or with new moments. */
export const startingState = (
  h: Hyperparameters,
  weights: NamedTensorData,
  optimizer: NamedTensorData = {},
): NamedTensorData => ({ ...trainingState(weights, h), ...optimizer })

/** Names with a slash are kept beside the weights: moments and gradients. */
export function splitState(values: NamedTensorData) {
  const entries = Object.entries(values)
  return {
    weights: Object.fromEntries(entries.filter(([name]) => !name.includes('/'))),
    optimizer: Object.fromEntries(entries.filter(([name]) => name.startsWith('adam.'))),
  }
}
