import { cpus, freemem, totalmem } from 'node:os'
import type { AppSettings, Estimate, Run } from '#shared/contract'
import { type Hyperparameters, learningRate } from '#shared/settings/hyperparameters'
import { engineChoice } from '#engine/engines'
import { freeDiskBytes } from '#storage/disk'
import { isForCores, planOf } from '#jobs/train/gradients'
import type { PartPlan } from '#engine/split/parts'
import { objectiveOf, weightCount } from '#model/objectives/index'

/** Arithmetic that a core does in a second, as a guess for machines that have trained nothing yet. */
const flopsPerCore = 60e9

/** The settings that decide how long a step takes. */
const costly = [
  'imageSize', 'patchSize', 'width', 'depth', 'heads', 'queryDepth', 'head', 'batchSize', 'accumulation', 'objective',
  'decoderWidth', 'decoderDepth', 'maskRatio', 'gradientCheckpointing',
] as const // prettier-ignore

/**
 * What a run would take: parameters exactly; time and memory from earlier runs of the same model and batch on this
 * machine, else from the model's size.
 */
export async function estimateRun(
  h: Hyperparameters,
  images: number,
  runs: Run[],
  { runsFolder, engine, threads }: Pick<AppSettings, 'runsFolder' | 'engine' | 'threads'>,
): Promise<Estimate> {
  const parameters = weightCount(h)
  const batchesPerEpoch = Math.max(1, Math.floor(images / h.batchSize))
  const totalSteps = Math.max(1, Math.floor((h.epochs * batchesPerEpoch) / h.accumulation))
  const imagesPerStep = h.batchSize * h.accumulation
  const earlier = runs
    .filter((run) => run.latest && costly.every((name) => run.hyperparameters[name] === h[name]))
    .sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))[0]?.latest

  const division = await engineChoice(engine).division({ threads, coreEach: isForCores(h) })
  const seconds = earlier
    ? (totalSteps * imagesPerStep) / earlier.imagesPerSecond
    : (totalSteps * imagesPerStep * flopsPerImage(h)) / (flopsPerCore * cpus().length)
  const written = Math.ceil(h.epochs / h.checkpointEvery)
  // While one is written, the one before is still there.
  const regular = h.keepEvery && Math.floor(written / h.keepEvery)
  const checkpoints = Math.min(written, regular + h.keepBest + 2)
  const estimate = {
    parameters,
    memoryBytes: earlier?.memory ?? memoryBytes(h, parameters, planOf(h, division)),
    availableMemoryBytes: Math.max(freemem(), totalmem() * 0.5),
    stepsPerEpoch: Math.ceil(totalSteps / h.epochs),
    totalSteps,
    seconds,
    basis: earlier ? ('earlier-run' as const) : ('model-size' as const),
    diskBytes: checkpoints * (parameters * 12 + 1e6),
    freeDiskBytes: await freeDiskBytes(runsFolder),
    learningRate: learningRate(h),
  }
  return { ...estimate, warnings: warnings(h, images, estimate) }
}

/** Forward and backward: three times two operations for each weight and token, and the attention; forward almost once more. */
function flopsPerImage(h: Hyperparameters): number {
  const stacks = objectiveOf(h).estimate(h)
  const blocks = stacks.map(
    ({ blocks, tokens, width }) => tokens * blocks * (12 * width ** 2 + 2 * tokens * width),
  )
  const { tokens, width } = stacks.at(-1)!
  const head = tokens * (4 * width ** 2 + 4 * width * h.patchSize ** 2 * 3)
  return (h.gradientCheckpointing ? 7.4 : 6) * blocks.reduce((a, b) => a + b) + 6 * head
}

/**
 * Weights, moments and gradients in two buffers, what other lanes have of weights and gradients, and what the blocks and the
 * head keep of a part's images for the backward pass: with gradient checkpointing what goes into a block, and all of one.
 */
function memoryBytes(h: Hyperparameters, parameters: number, { size, lanes }: PartPlan): number {
  const stacks = objectiveOf(h).estimate(h)
  const activations = stacks.map(({ blocks, tokens, width, heads }, i) => {
    const input = tokens * width
    const block = 22 * input + 2 * heads * tokens ** 2
    const whole = (h.gradientCheckpointing ? 1 : blocks) + (i === stacks.length - 1 ? 1 : 0)
    return whole * block + (h.gradientCheckpointing ? blocks * input : 0)
  })
  return (
    200e6 + parameters * 4 * (8 + 5 * (lanes - 1)) + lanes * size * activations.reduce((a, b) => a + b) * 4
  )
}

function warnings(h: Hyperparameters, images: number, e: Omit<Estimate, 'warnings'>): string[] {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  return [
    images < h.batchSize && `There are fewer images (${images}) than a batch: they are repeated to fill it.`,
    e.memoryBytes > e.availableMemoryBytes &&
      `It may need ${gigabytes(e.memoryBytes)} of memory, ${gigabytes(e.availableMemoryBytes)} are to be had. Try ${h.gradientCheckpointing ? '' : 'gradient checkpointing, or '}a smaller batch with accumulation.`,
    e.freeDiskBytes !== null &&
      e.diskBytes > e.freeDiskBytes &&
      `Its checkpoints may take ${gigabytes(e.diskBytes)}, more than the disk has free.`,
    e.seconds > 86_400 && `It may take ${(e.seconds / 86_400).toFixed(0)} days. Try a smaller preset first.`,
  ].filter((text) => text !== false)
}
