import type { Hyperparameters } from '../../src-shared/hyperparameters'
import type { Batch } from '../data/batches'
import type { Device, Engine, State } from '../engine/engine'
import type { NamedTensorData } from '../ops/step'
import { orders, patchCount } from '../saim/order'
import {
  accumulateStep,
  imageInputs,
  trainingState,
  trainInputs,
  trainStep,
  updateInputs,
  updateStep,
} from '../saim/pretrain'

type Images = Pick<Batch, 'images' | 'indices' | 'epoch'>

/** Updates the weights once, from a batch or from several whose gradients accumulate; `step` counts from 1. */
export type Update = (
  batches: Images[],
  learningRate: number,
  step: number,
) => Promise<{ loss: number; gradientNorm: number }>

/** `state` is that of `startingState` on the same engine. */
export async function compileUpdate(h: Hyperparameters, engine: Engine, state: State): Promise<Update> {
  const scalars = (learningRate: number, step: number) => ({
    learningRate: Float32Array.of(learningRate),
    step: Float32Array.of(step),
  })
  const number = (outputs: NamedTensorData, name: string) => outputs[name]!.values[0]!

  if (!accumulates(h, engine.device)) {
    const step = await engine.compile(trainStep(h), state, trainInputs(h))
    return async ([batch], learningRate, count) => {
      const [images] = inParts(h, batch!, h.batchSize)
      const outputs = await step.run({ ...images, ...scalars(learningRate, count) })
      return { loss: number(outputs, 'loss'), gradientNorm: number(outputs, 'gradientNorm') }
    }
  }
  const size = partSize(h, engine.device)
  const share = size / (h.batchSize * h.accumulation)
  const accumulate = await engine.compile(accumulateStep(h, share), state, imageInputs(h, size))
  const update = await engine.compile(updateStep(h), state, updateInputs())
  return async (batches, learningRate, count) => {
    let loss = 0
    for (const batch of batches)
      for (const images of inParts(h, batch, size)) loss += number(await accumulate.run(images), 'loss')
    if (!Number.isFinite(loss)) return { loss, gradientNorm: NaN }
    const outputs = await update.run(scalars(learningRate, count))
    return { loss, gradientNorm: number(outputs, 'gradientNorm') }
  }
}

/**
 * How many images of a batch are computed at once: as many, of those that divide it evenly, as keep the widest tensors of
 * a block, [images, N, 4C] and [images, heads, N, N], within what the device computes fastest. What a batch needs of
 * memory shrinks with them.
 */
export function partSize(h: Hyperparameters, { fastestBytes }: Pick<Device, 'fastestBytes'>): number {
  const imageBytes = patchCount(h) * Math.max(4 * h.width, h.heads * patchCount(h)) * 4
  const fits = (size: number) => h.batchSize % size === 0 && size * imageBytes <= fastestBytes
  for (let size = h.batchSize; size > 1; size--) if (fits(size)) return size
  return 1
}

const accumulates = (h: Hyperparameters, device: Device) =>
  h.accumulation > 1 || partSize(h, device) < h.batchSize

/** Inputs of a step for each `size` images of a batch. */
function inParts(h: Hyperparameters, { images, indices, epoch }: Images, size: number) {
  const pixels = h.imageSize ** 2 * 3
  return Array.from({ length: h.batchSize / size }, (_, i) => [i * size, (i + 1) * size] as const).map(
    ([from, to]) => ({
      images: images.subarray(from * pixels, to * pixels),
      order: orders(h, h.seed, epoch, indices.slice(from, to)),
    }),
  )
}

/** Weights with what the optimizer kept beside them, or with new moments. */
export const startingState = (
  h: Hyperparameters,
  device: Device,
  weights: NamedTensorData,
  optimizer: NamedTensorData = {},
): NamedTensorData => ({
  ...trainingState(weights, { accumulate: accumulates(h, device) }),
  ...optimizer,
})

/** Names with a slash are kept beside the weights: moments and gradients. */
export function splitState(values: NamedTensorData) {
  const entries = Object.entries(values)
  return {
    weights: Object.fromEntries(entries.filter(([name]) => !name.includes('/'))),
    optimizer: Object.fromEntries(entries.filter(([name]) => name.startsWith('adam.'))),
  }
}
