import { evaluationKinds } from '#shared/settings/evaluation'
import { type Hyperparameters, hyperparametersSchema } from '#shared/settings/hyperparameters'
import type { Engine } from '#engine/engine'
import { withMoments } from '#model/optimizers/adamw'
import { mixup } from '#model/augment/mixing'
import {
  classifyStep,
  fineTuneGradientStep,
  fineTuneInputs,
  fineTuneRates,
  fineTuneStep,
  groupOf,
} from '#model/heads/classifier'
import { probeInputs, probeLogitsStep, probeState, probeStep } from '#model/heads/probe'
import { headFeaturesStep } from '#model/heads/features'
import { mapValues, type NamedTensorData, type StepFunction, type TensorSpec } from '#model/tensor/step'
import type { Pooling } from '#model/vit/pool'
import { type Check, check, compareGradients, compareTraining, withGradient } from './checks'
import type { Limits } from './limits'
import {
  channelsLast,
  encoderSettings,
  type FineTuningManifest,
  type ProbeManifest,
  readTensors,
} from './reference-folder'

type Manifest = FineTuningManifest | ProbeManifest

/** Runs a step once by an engine. */
async function outputsOf(
  engine: Engine,
  step: StepFunction,
  weights: NamedTensorData,
  specs: Record<string, TensorSpec>,
  inputs: Record<string, Float32Array>,
): Promise<NamedTensorData> {
  const state = engine.createState(weights)
  const program = await engine.compile(step, state, specs)
  try {
    return await program.run(inputs)
  } finally {
    await program.dispose()
    state.dispose()
  }
}

/** The encoder of a manifest. Recognition has no decoder and no schedule of pre-training. */
const encoderOf = ({ config, batch }: Manifest): Hyperparameters =>
  hyperparametersSchema.parse({
    ...encoderSettings(config),
    queryDepth: 0,
    positions: 'learned',
    batchSize: batch,
  })

const poolingOf = ({ pooling }: Manifest): Pooling => (/^mean/.test(pooling) ? 'mean' : 'class')

/** Soft targets [B, classes] as they are, or of labels [B]. */
function targetsOf({ targets, labels }: NamedTensorData, classes: number): Float32Array {
  if (targets) return targets.values as Float32Array
  const made = new Float32Array(labels!.values.length * classes)
  Array.from(labels!.values, Number).forEach((label, i) => (made[i * classes + label] = 1))
  return made
}

/**
 * Compares fine-tuning with a folder of reference data: groups of weights, logits, loss, gradients, and a training on the
 * same images without mixing and drop path.
 */
export async function verifyFineTuning(
  folder: string,
  manifest: FineTuningManifest,
  engine: Engine,
  changes: Partial<Hyperparameters>,
  allowed: Limits,
): Promise<Check[]> {
  const h = { ...encoderOf(manifest), ...changes }
  const { classes, batch, optimizer } = manifest
  const s = evaluationKinds.finetune.schema.parse({
    pooling: poolingOf(manifest),
    batchSize: batch,
    beta1: optimizer.betas[0],
    beta2: optimizer.betas[1],
    weightDecay: optimizer.weight_decay,
    layerDecay: optimizer.layer_decay,
  })
  const weights = readTensors(folder, 'weights')
  const names = Object.keys(weights)
  const forward = readTensors(folder, 'forward')
  const images = channelsLast(forward['images']!)
  const batchSpecs = fineTuneInputs(h, s, h.imageSize, classes)
  const inputs = {
    images,
    mask: mixup(1, h.imageSize).mask,
    targets: targetsOf(forward, classes),
    kept: new Float32Array(h.depth * 2 * batch).fill(1),
  }

  const { rows } = await outputsOf(
    engine,
    classifyStep(h, s),
    weights,
    { images: batchSpecs['images']! },
    { images },
  )
  const found = await outputsOf(engine, fineTuneGradientStep(h, s, names), weights, batchSpecs, inputs)

  const state = engine.createState(withMoments(weights))
  const program = await engine.compile(fineTuneStep(h, s, names), state, {
    ...batchSpecs,
    ...fineTuneRates,
  })
  const losses: number[] = []
  for (const [i, rate] of manifest.learning_rates.entries()) {
    const rates = { learningRate: Float32Array.of(rate), step: Float32Array.of(i + 1) }
    losses.push((await program.run({ ...inputs, ...rates })).loss!.values[0]!)
  }
  const gradients = readTensors(folder, 'gradients')
  const after = await state.read(withGradient(gradients))
  await program.dispose()
  state.dispose()

  const groups = mapValues(weights, ({ shape }, name) => groupOf(name, shape.length, h, s))
  return [
    ...Object.entries({ ...manifest.groups, ...groups }).map(([name]) => {
      const { share = NaN, decay = NaN } = groups[name] ?? {}
      return check(`group of ${name}`, [share, decay], manifest.groups[name] ?? [], 1e-9)
    }),
    check('logits', rows!.values, forward['logits']!.values, allowed.forward),
    check('loss', found['loss']!.values, forward['loss']!.values, allowed.loss),
    ...compareGradients(found, gradients, names, allowed.gradient),
    ...compareTraining(
      { losses, after },
      { losses: manifest.losses, after: readTensors(folder, 'weights_after') },
      allowed.training,
    ),
  ]
}

/** Weights of the probe by their names in the authors' state_dict, where the head is BatchNorm and linear layer. */
const probeNames: Record<string, string> = {
  'bn.running_mean': 'head.0.running_mean',
  'bn.running_var': 'head.0.running_var',
  'head.weight': 'head.1.weight',
  'head.bias': 'head.1.bias',
}

/**
 * Compares the linear probe with a folder of reference data: features, a training on the same images, and the logits of
 * these after it.
 */
export async function verifyProbe(
  folder: string,
  manifest: ProbeManifest,
  engine: Engine,
  allowed: Limits,
): Promise<Check[]> {
  const h = encoderOf(manifest)
  const { classes, batch, optimizer } = manifest
  const weights = readTensors(folder, 'weights')
  const forward = readTensors(folder, 'forward')
  const expectedAfter = readTensors(folder, 'weights_after')
  const specs = probeInputs(batch, h.width, classes)

  const pictures = { shape: [batch, h.imageSize, h.imageSize, 3], dtype: 'float32' as const }
  const encoder = Object.fromEntries(Object.entries(weights).filter(([name]) => !name.startsWith('head.')))
  const { rows } = await outputsOf(
    engine,
    headFeaturesStep(h, { pooling: poolingOf(manifest) }),
    encoder,
    { images: pictures },
    { images: channelsLast(forward['images']!) },
  )
  const features = rows!.values as Float32Array

  const begin = probeState(h.width, classes, 0)
  for (const [ours, theirs] of Object.entries(probeNames)) begin[ours] = weights[theirs]!
  const state = engine.createState(begin)
  const settings = {
    optimizer: optimizer.name,
    momentum: optimizer.momentum,
    weightDecay: optimizer.weight_decay,
  }
  const program = await engine.compile(probeStep(settings), state, specs)
  const losses: number[] = []
  for (const rate of manifest.learning_rates) {
    const { loss } = await program.run({
      features,
      targets: targetsOf(forward, classes),
      learningRate: Float32Array.of(rate),
    })
    losses.push(loss!.values[0]!)
  }
  const ask = await engine.compile(probeLogitsStep, state, { features: specs.features })
  const { logits } = await ask.run({ features })
  const after = await state.read(Object.keys(probeNames))
  await program.dispose()
  await ask.dispose()
  state.dispose()

  return [
    check('features', features, forward['features']!.values, allowed.forward),
    ...compareTraining(
      { losses, after },
      { losses: manifest.losses, after: mapValues(probeNames, (theirs) => expectedAfter[theirs]!) },
      allowed.training,
    ),
    check('logits after training', logits!.values, forward['eval_logits']!.values, allowed.training),
  ]
}
