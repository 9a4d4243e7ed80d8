import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { type Hyperparameters, hyperparametersSchema, patchCount } from '#shared/settings/hyperparameters'
import type { Engine } from '#engine/engine'
import { decodeSafetensors } from '#formats/safetensors'
import type { NamedTensorData, StepFunction, TensorData } from '#model/tensor/step'
import { withMoments } from '#model/optimizers/adamw'
import { forward } from '#model/objectives/saim'
import { inverseOf } from '#model/vit/tokens'
import { orderOfNoise } from '#model/objectives/order'
import { positionEmbedding } from '#model/vit/positions'
import { imageInputs, lossAndGradients, trainInputs, trainStep } from '#model/objectives/pretrain'
import { smooth, target } from '#model/objectives/target'
import { sortTokens } from '#model/vit/tokens'
import { weightShapes } from '#model/objectives/index'

/** One comparison with the reference: the largest difference found and the largest allowed. */
export interface Check {
  name: string
  difference: number
  tolerance: number
}

/** Tolerances of docs/method.md: forward and weights absolute, gradients relative to a tensor's largest. */
export const tolerances = { forward: 1e-4, gradient: 1e-3, loss: 1e-3 }

/**
 * A key's bias moves all scores of a query alike, so that its true gradient is 0 and what either implementation
 * gives is rounding. Gradients below this share of the largest of all are compared with that share instead.
 */
const roundingFloor = 1e-5

/**
 * Runs the model on a folder of reference data (manifest.json and safetensors files, docs/method.md)
 * through `engine` and compares every stage. `changes` are settings that must make no difference. Throws AppError where the
 * folder is not of that format.
 */
export async function verifyReference(
  folder: string,
  engine: Engine,
  changes: Partial<Hyperparameters> = {},
): Promise<Check[]> {
  const read = readReference(folder)
  const reference = { ...read, h: { ...read.h, ...changes } }
  return [
    ...checkParts(reference),
    ...(await checkForward(reference, engine)),
    ...(await checkGradients(reference, engine)),
    ...(await checkTraining(reference, engine)),
  ]
}

/** The model, loss and optimizer that a folder of reference data was made with; its learning rates are no settings. */
export const referenceSettings = (folder: string): Hyperparameters =>
  hyperparametersOf(
    manifestSchema.parse(JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'))),
  )

interface Reference {
  h: Hyperparameters
  learningRates: number[]
  losses: number[]
  weights: NamedTensorData
  frozen: NamedTensorData
  forward: NamedTensorData
  gradients: NamedTensorData
  trainingNoise: Float32Array
  weightsAfter: NamedTensorData
}

export function readReference(folder: string): Reference {
  const read = (name: string) => {
    try {
      return readFileSync(path.join(folder, name))
    } catch {
      throw new AppError(
        'folder-missing',
        `${path.join(folder, name)} cannot be read.`,
        'Name a folder of reference data.',
      )
    }
  }
  const tensors = (name: string) => decodeSafetensors(read(`${name}.safetensors`)).tensors as NamedTensorData
  const manifest = manifestSchema.parse(JSON.parse(read('manifest.json').toString()))
  const h = hyperparametersOf(manifest)
  const all = tensors('weights')
  const trainable = Object.keys(weightShapes(h))
  return {
    h,
    learningRates: manifest.learning_rates,
    losses: manifest.losses,
    weights: Object.fromEntries(trainable.map((name) => [name, all[name]!])),
    frozen: all,
    forward: tensors('forward'),
    gradients: tensors('gradients'),
    trainingNoise: tensors('training')['noise']!.values as Float32Array,
    weightsAfter: tensors('weights_after'),
  }
}

/** The manifest of reference data. Its names are those of the authors' code, as are the defaults. */
const manifestSchema = z.object({
  config: z.object({
    img_size: z.number().default(224),
    patch_size: z.number().default(16),
    embed_dim: z.number().default(1024),
    depth: z.number().default(24),
    num_heads: z.number().default(16),
    query_depth: z.number().default(12),
    share_weight: z.boolean().default(false),
    prediction_head_type: z.string().default('MLP'),
    gaussian_kernel_size: z.number().nullish(),
    gaussian_sigma: z.number().nullish(),
    loss_type: z.enum(['L1', 'L2']).default('L2'),
    norm_pix_loss: z.boolean().default(true),
  }),
  batch: z.number(),
  losses: z.array(z.number()),
  learning_rates: z.array(z.number()),
  optimizer: z.object({ betas: z.tuple([z.number(), z.number()]), weight_decay: z.number() }),
})
type Manifest = z.infer<typeof manifestSchema>

const hyperparametersOf = ({ config, batch, optimizer }: Manifest): Hyperparameters =>
  hyperparametersSchema.parse({
    imageSize: config.img_size,
    patchSize: config.patch_size,
    width: config.embed_dim,
    depth: config.depth,
    heads: config.num_heads,
    queryDepth: config.query_depth,
    shareWeights: config.share_weight,
    head: config.prediction_head_type.toLowerCase(),
    blurSize: config.gaussian_sigma ? (config.gaussian_kernel_size ?? 0) : 0,
    blurSigma: config.gaussian_sigma ?? 1,
    loss: config.loss_type,
    normalizePixels: config.norm_pix_loss,
    batchSize: batch,
    beta1: optimizer.betas[0],
    beta2: optimizer.betas[1],
    weightDecay: optimizer.weight_decay,
  })

/** What needs no engine: position embedding and order. */
function checkParts(reference: Reference): Check[] {
  const { h, frozen, forward } = reference
  const count = patchCount(h)
  const embedding = new Float32Array((count + 1) * h.width)
  embedding.set(positionEmbedding(Math.sqrt(count), h.width), h.width)
  const order = orderOfNoise(forward['noise']!.values, count)
  return [
    check('position embedding', embedding, frozen['pos_embed']!.values, tolerances.forward),
    check('order', order, Array.from(forward['order']!.values, Number), 0),
  ]
}

async function checkForward(reference: Reference, engine: Engine): Promise<Check[]> {
  const { h, forward: expected } = reference
  const step: StepFunction = (w, { images, order }) => {
    const smoothed = smooth(images!, h)
    const place = inverseOf(order!)
    const { encoded, decoded, prediction } = forward(w, h, images!, order!, { whole: true })
    const tokens = encoded.slice([0, 1, 0], [-1, -1, -1])
    return {
      outputs: {
        smoothed: smoothed.transpose([0, 3, 1, 2]),
        target: target(smoothed, h).patches,
        classToken: encoded.slice([0, 0, 0], [-1, 1, -1]),
        encoded: sortTokens(tokens, place),
        decoded: sortTokens(decoded, place),
        prediction: sortTokens(prediction, place),
      },
    }
  }
  const state = engine.createState(reference.weights)
  const program = await engine.compile(step, state, imageInputs(h))
  const actual = await program.run({ images: images(reference), order: order(reference) })
  await program.dispose()
  state.dispose()
  const compare = (name: string, output: string, values: ArrayLike<number>) =>
    check(name, actual[output]!.values, values, tolerances.forward)
  // The reference takes encoder_out at the last call of the last block. With shared weights that call is the
  // decoder's, so that encoder_out repeats decoder_out there and says nothing of the encoder.
  const encoderChecks = h.shareWeights
    ? []
    : [
        compare('encoder, class token', 'classToken', tokens(expected['encoder_out']!, 0, 1)),
        compare('encoder, patches', 'encoded', tokens(expected['encoder_out']!, 1)),
      ]
  return [
    compare('smoothed images', 'smoothed', expected['images_smoothed']!.values),
    compare('target', 'target', expected['target']!.values),
    ...encoderChecks,
    compare('decoder', 'decoded', tokens(expected['decoder_out']!, 1)),
    compare('prediction', 'prediction', tokens(expected['pred']!, 1)),
  ]
}

async function checkGradients(reference: Reference, engine: Engine): Promise<Check[]> {
  const { h } = reference
  const step: StepFunction = (state, { images, order }) => {
    const { loss, gradients } = lossAndGradients(h, state, images!, order!)
    return { outputs: { loss, ...gradients } }
  }
  const state = engine.createState(reference.weights)
  const program = await engine.compile(step, state, imageInputs(h))
  const actual = await program.run({ images: images(reference), order: order(reference) })
  await program.dispose()
  state.dispose()
  const lossCheck = check(
    'loss',
    actual['loss']!.values,
    reference.forward['loss']!.values,
    tolerances.forward,
  )
  return [lossCheck, ...compareGradients(actual, reference.gradients, Object.keys(reference.weights))]
}

/** Softmax does not see the bias of keys: its gradient is 0, and what engines answer is what they round. */
export const hasGradient = (weight: string) => !weight.endsWith('attn.k.bias')

/** Gradients of weights `names`, relative to the largest of each. */
export function compareGradients(
  actual: NamedTensorData,
  expected: NamedTensorData,
  names: string[],
): Check[] {
  const largestOfAll = Math.max(...names.map((name) => largest(expected[name]!.values)))
  return names.map((name) => {
    const scale = Math.max(largest(expected[name]!.values), roundingFloor * largestOfAll)
    const { difference } = check(name, actual[name]!.values, expected[name]!.values, 0)
    return { name: `gradient ${name}`, difference: difference / scale, tolerance: tolerances.gradient }
  })
}

/** Trains for as many steps as the reference, by its learning rates. */
async function checkTraining(reference: Reference, engine: Engine): Promise<Check[]> {
  const { h, losses, learningRates, trainingNoise, weightsAfter } = reference
  const state = engine.createState(withMoments(reference.weights))
  const program = await engine.compile(trainStep(h), state, trainInputs(h))
  const count = h.batchSize * patchCount(h)
  const actual: number[] = []
  for (let step = 0; step < losses.length; step++) {
    const { loss } = await program.run({
      images: images(reference),
      order: orderOfNoise(trainingNoise.subarray(step * count, (step + 1) * count), patchCount(h)),
      learningRate: Float32Array.of(learningRates[step]!),
      step: Float32Array.of(step + 1),
    })
    actual.push(loss!.values[0]!)
  }
  const after = await state.read(Object.keys(reference.weights))
  await program.dispose()
  state.dispose()
  return [
    check(`losses of ${losses.length} steps`, actual, losses, tolerances.loss),
    ...Object.entries(after).map(([name, { values }]) =>
      check(`trained ${name}`, values, weightsAfter[name]!.values, tolerances.loss),
    ),
  ]
}

/** The reference's images [B, 3, S, S] as [B, S, S, 3]. */
export function images({ forward }: Reference): Float32Array {
  const { shape, values } = forward['images']!
  const [batch, channels, size] = shape as [number, number, number]
  const plane = size * size
  const result = new Float32Array(values.length)
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < plane; i++)
        result[(b * plane + i) * channels + c] = values[(b * channels + c) * plane + i]!
  return result
}

export const order = ({ forward }: Reference) => Int32Array.from(forward['order']!.values, Number)

/** Tokens `from` to `to` of [B, T, C]. */
function tokens({ shape, values }: TensorData, from: number, to = shape[1]!): Float32Array {
  const [batch, length, width] = shape as [number, number, number]
  const result = new Float32Array(batch * (to - from) * width)
  for (let b = 0; b < batch; b++)
    result.set(
      values.subarray((b * length + from) * width, (b * length + to) * width),
      b * (to - from) * width,
    )
  return result
}

function check(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): Check {
  let difference = actual.length === expected.length ? 0 : Infinity
  for (let i = 0; i < actual.length; i++) {
    const d = Math.abs(actual[i]! - expected[i]!)
    if (!(d <= difference)) difference = Number.isNaN(d) ? Infinity : d
  }
  return { name, difference, tolerance }
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
