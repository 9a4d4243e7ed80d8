import '@tensorflow/tfjs-backend-cpu'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { EagerEngine } from '#engine/eager'
import { type Engine, undivided } from '#engine/engine'
import type { NamedTensorData, StepFunction, TensorSpec } from '#model/tensor/step'
import { withMoments } from '#model/optimizers/adamw'
import { classifierWeights, fineTuneInputs, fineTuneRates, fineTuneStep } from '#model/heads/classifier'
import { dropPathFactors } from '#model/augment/drop-path'
import { orders, withPlaces } from '#model/objectives/order'
import { imageInputs, lossAndGradients } from '#model/objectives/pretrain'
import { type Check, compareGradients } from '#jobs/prove/checks'
import { readMetrics } from '#storage/run/metrics'
import { evaluationKinds } from '#shared/settings/evaluation'
import { fromPreset, type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import { waves } from '#test/helpers/reference'
import { enginesHere } from '#test/helpers/engines'
import { flags, makeImages, saim, temporaryFolder } from '#test/helpers/runs'
import { initialWeights } from '#model/objectives/index'

const small = {
  imageSize: 16, patchSize: 4, width: 32, depth: 4, queryDepth: 2, heads: 2, batchSize: 2, decoderWidth: 32, decoderDepth: 2,
} // prettier-ignore
const cpu = {
  name: 'processor',
  software: false,
  precisions: ['float32' as const],
  ...undivided,
  vectorSize: 0,
}
const processors = ['plain tfjs', ...enginesHere().filter((id) => id !== 'onnxruntime-webgpu')]
const open = async (id: string): Promise<Engine> =>
  id === 'plain tfjs' ? new EagerEngine(id, 'cpu', cpu) : createEngine(id, { threads: 1 })

/** What a step answers, and the state that it leaves. */
async function outcome(
  engine: Engine,
  step: StepFunction,
  before: NamedTensorData,
  specs: Record<string, TensorSpec>,
  inputs: Record<string, Float32Array | Int32Array>,
): Promise<NamedTensorData> {
  const state = engine.createState(before)
  const program = await engine.compile(step, state, specs)
  const outputs = await program.run(inputs)
  const after = await state.read()
  await program.dispose()
  state.dispose()
  return { ...after, ...outputs }
}

const exceeds = ({ difference, tolerance }: Check) => !(difference <= tolerance)

const pixels = (h: Hyperparameters) => Float32Array.from(waves(h.batchSize * h.imageSize ** 2 * 3))

describe.each(processors)('on %s, blocks that are computed twice', (id) => {
  it.each([
    ['SAIM', {}],
    ['SAIM with shared weights', { shareWeights: true }],
    ['SAIM without a query stream and with a block as its head', { queryDepth: 0, head: 'transformer' }],
    ['MAE', { objective: 'mae' }],
    ['ViT-iGPT', { objective: 'igpt' }],
  ] as const)('give the gradients of %s', async (_name, changes) => {
    const engine = await open(id)
    const [once, twice] = [false, true].map((gradientCheckpointing) =>
      fromPreset('nano', { ...small, ...changes, gradientCheckpointing }),
    ) as [Hyperparameters, Hyperparameters]
    const weights = initialWeights(once, 0)
    const gradientsOf = (h: Hyperparameters) =>
      outcome(
        engine,
        (state, { images, order }) => ({ outputs: lossAndGradients(h, state, images!, order!).gradients }),
        weights,
        imageInputs(h),
        { images: pixels(h), order: withPlaces(orders(h, 0, 0, [0, 1]), patchCount(h)) },
      )
    const names = Object.keys(weights)
    const checks = compareGradients(await gradientsOf(twice), await gradientsOf(once), names, 1e-5)
    expect(checks.length).toBeGreaterThan(30)
    expect(checks.filter(exceeds)).toEqual([])
  })

  it('leave out the same branches by drop path when a classifier is fine-tuned', async () => {
    const engine = await open(id)
    const s = evaluationKinds.finetune.schema.parse({ batchSize: 2 })
    const depth = small.depth
    const tuned = (gradientCheckpointing: boolean) => {
      const h = fromPreset('nano', { ...small, gradientCheckpointing })
      const weights = classifierWeights(initialWeights(h, 0), h, { ...s, size: 16, classes: 3 })
      return outcome(
        engine,
        fineTuneStep(h, s, Object.keys(weights)),
        withMoments(weights),
        { ...fineTuneInputs(h, s, 16, 3), ...fineTuneRates },
        {
          images: pixels(h),
          mask: new Float32Array(16 * 16).fill(1),
          targets: Float32Array.of(1, 0, 0, 0, 0, 1),
          kept: dropPathFactors({ rate: 0.5, depth, seed: 1 }, 2, 0),
          learningRate: Float32Array.of(1e-3),
          step: Float32Array.of(1),
        },
      )
    }
    const [once, twice] = [await tuned(false), await tuned(true)]
    const moments = Object.keys(once).filter((name) => name.startsWith('adam.mean/'))
    expect(compareGradients(twice, once, moments, 1e-5).filter(exceeds)).toEqual([])
  })
})

/** As many images as are computed at once, through so many blocks that memory is what those keep. */
const deep = {
  'image-size': 32, 'patch-size': 4, width: 128, depth: 12, 'query-depth': 12, heads: 1, 'batch-size': 30, accumulation: 2,
  epochs: 1, 'warmup-epochs': 0, threads: 1, decoders: 1,
} // prettier-ignore

it('a training process holds far less with gradient checkpointing, and loses the same', async () => {
  const [images, home] = [temporaryFolder(), temporaryFolder()]
  await makeImages(images, 60)
  const trained = async (name: string, ...flag: string[]) => {
    const { code, output } = await saim(['train', images, ...flags({ ...deep, name }), ...flag], home)
    expect(code, output).toBe(0)
    const runs = path.join(home, 'runs')
    return readMetrics(
      path.join(
        runs,
        readdirSync(runs).find((id) => id.startsWith(name))!,
      ),
    )
  }
  const [once, twice] = [await trained('once'), await trained('twice', '--gradient-checkpointing')]
  expect(twice.map(({ loss }) => loss)).toEqual(once.map(({ loss }) => loss))
  expect(twice.at(-1)!.memory).toBeLessThan(0.75 * once.at(-1)!.memory)
})
