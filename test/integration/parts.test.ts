import path from 'node:path'
import { expect, it, vi } from 'vitest'
import { createEngine } from '#engine/engines'
import { imageNetStatistics } from '#shared/image-net'
import { planOf } from '#jobs/train/gradients'
import { HealthChecks } from '#jobs/train/health'
import { Reconstructions } from '#jobs/train/reconstructions'
import { compileUpdate, startingState } from '#jobs/train/update'
import { Validation } from '#jobs/train/validation'
import { fromPreset } from '#shared/settings/hyperparameters'
import { scan } from '#test/helpers/data'
import { enginesHere } from '#test/helpers/engines'
import { makeImages, temporaryFolder } from '#test/helpers/runs'
import { initialWeights } from '#model/objectives/index'

const h = fromPreset('nano', {
  imageSize: 16, patchSize: 4, width: 32, depth: 2, queryDepth: 2, heads: 2, batchSize: 6, accumulation: 2,
}) // prettier-ignore
const batches = [0, 1].map((index) => ({
  images: shared(
    Uint8Array.from({ length: 6 * 16 * 16 * 3 }, (_, i) => ((i + 1) * (index + 1) * 12.9898) % 256),
  ),
  indices: [0, 1, 2, 3, 4, 5].map((i) => i + 6 * index),
  epoch: 0,
}))

/** Bytes in memory of all threads, as the loader has them. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

/** An engine with `lanes` cores or `branches` that computes fastest in parts of `images`, and the state of training. */
async function opened(images: number, { lanes = 1, branches = 1 }, id = 'onnxruntime-cpu') {
  const engine = await createEngine(id, { threads: lanes })
  // [images, patches, 4C] of four bytes
  Object.assign(engine.device, { fastestBytes: (images / branches) * 16 * 4 * 32 * 4, branches })
  expect(planOf(h, engine.device)).toEqual({ size: images, lanes, branches })
  return { engine, state: startingState(h, engine, initialWeights(h, 0)) }
}

/** Loss, norm of the gradient and weights after one update from batches computed in parts of `images`. */
async function updated(images: number, cores: { lanes?: number; branches?: number }, id: string) {
  const { engine, state } = await opened(images, cores, id)
  const update = await compileUpdate(h, imageNetStatistics, engine, state)
  const { loss, gradientNorm } = await update.run(batches, 0, 1)
  await update.close()
  const { 'adam.mean/blocks.0.mlp.fc1.weight': mean } = await state.read()
  return { loss, gradientNorm, mean: mean!.values }
}

it.each([
  ['onnxruntime-cpu', 2, {}],
  ['onnxruntime-cpu', 2, { lanes: 3 }],
  ['onnxruntime-cpu', 6, { branches: 2 }],
  ['onnxruntime-cpu', 3, { branches: 2 }],
  ...(enginesHere().includes('tensorflow')
    ? ([
        ['tensorflow', 2, {}],
        ['tensorflow', 3, { branches: 2 }],
      ] as const)
    : []),
] as const)(
  'a batch in parts updates the weights as the whole batch does, by %s in parts of %i and %o',
  async (id, images, cores) => {
    const [whole, parts] = [await updated(6, {}, id), await updated(images, cores, id)]
    expect(parts.loss).toBeCloseTo(whole.loss, 5)
    expect(parts.gradientNorm / whole.gradientNorm).toBeCloseTo(1, 4)
    const largest = Math.max(...whole.mean.map(Math.abs))
    whole.mean.forEach((value, i) => expect(Math.abs(value - parts.mean[i]!)).toBeLessThan(1e-4 * largest))
  },
)

it('what is computed beside training takes no more images at once than training does', async () => {
  const [images, run] = [temporaryFolder(), temporaryFolder()]
  for (const split of ['train', 'validation']) await makeImages(path.join(images, split), 8)
  const { images: manifest } = await scan(images)
  const dataset = { folder: images, images: manifest, statistics: imageNetStatistics, decoders: 1 }
  const losses: number[] = []
  for (const [size, cores] of [
    [6, {}],
    [2, {}],
    [2, { lanes: 3 }],
    [3, { branches: 2 }],
  ] as const) {
    const { lanes = 1 } = cores as { lanes?: number }
    const { engine, state } = await opened(size, cores)
    const compile = vi.spyOn(engine, 'compile')
    const validation = await Validation.open(h, dataset, engine, state)
    const at = { step: 0, epoch: 0 }
    const health = await HealthChecks.open(run, { ...h, healthEvery: 1 }, dataset, engine, state, at)
    const reconstructions = await Reconstructions.open(run, h, dataset, engine, state)
    losses.push(await validation!.loss())
    await health.after(1, 1)
    await reconstructions.write(1)
    const counts = compile.mock.calls.flatMap(([, , { images }]) => (images ? [images.shape[0]!] : []))
    expect(counts).toHaveLength(3)
    expect(Math.max(...counts)).toBeLessThanOrEqual(size * lanes)
  }
  for (const loss of losses) expect(loss).toBeCloseTo(losses[0]!, 5)
})
