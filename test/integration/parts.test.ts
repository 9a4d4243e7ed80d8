import { expect, it } from 'vitest'
import { createEngine } from '../../src-main/engine'
import { initialWeights } from '../../src-main/saim/weights'
import { planParts } from '../../src-main/training/gradients'
import { compileUpdate, startingState } from '../../src-main/training/update'
import { fromPreset } from '../../src-shared/hyperparameters'

const h = fromPreset('nano', {
  imageSize: 16, patchSize: 4, width: 32, depth: 2, queryDepth: 2, heads: 2, batchSize: 6, accumulation: 2,
}) // prettier-ignore
const batches = [0, 1].map((index) => ({
  images: Float32Array.from({ length: 6 * 16 * 16 * 3 }, (_, i) => Math.sin((i + 1) * (index + 1) * 12.9898)),
  indices: [0, 1, 2, 3, 4, 5].map((i) => i + 6 * index),
  epoch: 0,
}))

/** Loss, norm of the gradient and weights after one update from batches computed in parts of `images` by `lanes` threads. */
async function updated(images: number, lanes: number) {
  const engine = await createEngine('onnxruntime-cpu', { threads: lanes })
  engine.device.fastestBytes = images * 16 * 4 * 32 * 4 // [images, patches, 4C] of four bytes
  expect(planParts(h, engine.device)).toEqual({ size: images, lanes })
  const state = startingState(h, engine, initialWeights(h, 0))
  const update = await compileUpdate(h, engine, state)
  const { loss, gradientNorm } = await update.run(batches, 0, 1)
  await update.close()
  const { 'adam.mean/blocks.0.mlp.fc1.weight': mean } = await state.read()
  return { loss, gradientNorm, mean: mean!.values }
}

it.each([1, 3])(
  'a batch in parts updates the weights as the whole batch does, with %i lanes',
  async (lanes) => {
    const [whole, parts] = [await updated(6, 1), await updated(2, lanes)]
    expect(parts.loss).toBeCloseTo(whole.loss, 5)
    expect(parts.gradientNorm / whole.gradientNorm).toBeCloseTo(1, 4)
    const largest = Math.max(...whole.mean.map(Math.abs))
    whole.mean.forEach((value, i) => expect(Math.abs(value - parts.mean[i]!)).toBeLessThan(1e-4 * largest))
  },
)
