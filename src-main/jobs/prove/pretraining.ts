import { type Hyperparameters, hyperparametersSchema, patchCount } from '#shared/settings/hyperparameters'
import { AppError } from '#shared/errors'
import type { Engine } from '#engine/engine'
import type { NamedTensorData, StepFunction, TensorData } from '#model/tensor/step'
import { withMoments } from '#model/optimizers/adamw'
import { forward } from '#model/objectives/saim'
import { orderOfNoise, withPlaces } from '#model/objectives/order'
import { positionEmbedding } from '#model/vit/positions'
import { imageInputs, lossAndGradients, trainInputs, trainStep } from '#model/objectives/pretrain'
import { smooth, target } from '#model/objectives/target'
import { placesOf, sortTokens } from '#model/vit/tokens'
import { weightShapes } from '#model/objectives/index'
import { type Check, check, compareGradients, compareTraining, withGradient } from './checks'
import { type Limits, limits } from './limits'
import {
  channelsLast,
  encoderSettings,
  type PretrainingManifest,
  readManifest,
  readTensors,
} from './reference-folder'

/**
 * Compares every stage of pre-training with a folder of reference data. `changes` are settings that must make no difference.
 */
export async function verifyPretraining(
  folder: string,
  engine: Engine,
  changes: Partial<Hyperparameters>,
  allowed: Limits,
): Promise<Check[]> {
  const read = readReference(folder)
  const reference = { ...read, h: { ...read.h, ...changes } }
  return [
    ...checkParts(reference),
    ...(await checkForward(reference, engine, allowed)),
    ...(await checkGradients(reference, engine, allowed)),
    ...(await checkTraining(reference, engine, allowed)),
  ]
}

/** The model, loss and optimizer that a folder of reference data was made with; its learning rates are no settings. */
export const referenceSettings = (folder: string): Hyperparameters => hyperparametersOf(ofPretraining(folder))

function ofPretraining(folder: string): PretrainingManifest {
  const manifest = readManifest(folder)
  if (manifest.kind === 'pretrain') return manifest
  throw new AppError(
    'file-unusable',
    `${folder} holds no reference data of pre-training.`,
    'Name another folder of reference data.',
  )
}

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
  const manifest = ofPretraining(folder)
  const h = hyperparametersOf(manifest)
  const all = readTensors(folder, 'weights')
  const trainable = Object.keys(weightShapes(h))
  return {
    h,
    learningRates: manifest.learning_rates,
    losses: manifest.losses,
    weights: Object.fromEntries(trainable.map((name) => [name, all[name]!])),
    frozen: all,
    forward: readTensors(folder, 'forward'),
    gradients: readTensors(folder, 'gradients'),
    trainingNoise: readTensors(folder, 'training')['noise']!.values as Float32Array,
    weightsAfter: readTensors(folder, 'weights_after'),
  }
}

const hyperparametersOf = ({ config, batch, optimizer }: PretrainingManifest): Hyperparameters =>
  hyperparametersSchema.parse({
    ...encoderSettings(config),
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
    check('position embedding', embedding, frozen['pos_embed']!.values, limits.float32.forward),
    check('order', order, Array.from(forward['order']!.values, Number), 0),
  ]
}

async function checkForward(reference: Reference, engine: Engine, allowed: Limits): Promise<Check[]> {
  const { h, forward: expected } = reference
  const step: StepFunction = (w, { images, order }) => {
    const smoothed = smooth(images!, h)
    const place = placesOf(order!)
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
    check(name, actual[output]!.values, values, allowed.forward)
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

async function checkGradients(reference: Reference, engine: Engine, allowed: Limits): Promise<Check[]> {
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
  const lossCheck = check('loss', actual['loss']!.values, reference.forward['loss']!.values, allowed.loss)
  const tolerance = h.loss === 'L1' ? allowed.gradientOfL1 : allowed.gradient
  const names = Object.keys(reference.weights)
  return [lossCheck, ...compareGradients(actual, reference.gradients, names, tolerance)]
}

/** Trains for as many steps as the reference, by its learning rates. */
async function checkTraining(reference: Reference, engine: Engine, allowed: Limits): Promise<Check[]> {
  const { h, losses, learningRates, trainingNoise, weightsAfter } = reference
  const state = engine.createState(withMoments(reference.weights))
  const program = await engine.compile(trainStep(h), state, trainInputs(h))
  const count = h.batchSize * patchCount(h)
  const actual: number[] = []
  for (let step = 0; step < losses.length; step++) {
    const { loss } = await program.run({
      images: images(reference),
      order: withPlaces(
        orderOfNoise(trainingNoise.subarray(step * count, (step + 1) * count), patchCount(h)),
        patchCount(h),
      ),
      learningRate: Float32Array.of(learningRates[step]!),
      step: Float32Array.of(step + 1),
    })
    actual.push(loss!.values[0]!)
  }
  const after = await state.read(withGradient(reference.gradients))
  await program.dispose()
  state.dispose()
  return compareTraining({ losses: actual, after }, { losses, after: weightsAfter }, allowed.training)
}

/** The reference's images, [B, S, S, 3]. */
export const images = ({ forward }: Reference) => channelsLast(forward['images']!)

const order = ({ h, forward }: Reference) =>
  withPlaces(Int32Array.from(forward['order']!.values, Number), patchCount(h))

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
