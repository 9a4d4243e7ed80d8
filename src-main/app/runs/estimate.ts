import { cpus, freemem, totalmem } from 'node:os'
import type { AppSettings, Estimate, Run } from '#shared/contract'
import { bytes, roughly } from '#shared/format'
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

/** What estimates start from: the runs so far, and how this machine trains. */
export interface EstimateBasis {
  runs: Run[]
  settings: Pick<AppSettings, 'runsFolder' | 'engine' | 'threads'>
}

/** What runs with these settings would take on so many images each: parameters exactly, time and memory from earlier runs. */
export async function estimateRuns(
  all: { h: Hyperparameters; images: number }[],
  { runs, settings }: EstimateBasis,
): Promise<Estimate[]> {
  const freeBytes = await freeDiskBytes(settings.runsFolder)
  const availableMemoryBytes = Math.max(freemem(), totalmem() * 0.5)
  return Promise.all(
    all.map(async ({ h, images }) => {
      const parameters = parametersOf(h)
      const { totalSteps } = stepsOf(h, images)
      const division = await engineChoice(settings.engine).division({
        threads: settings.threads,
        coreEach: isForCores(h),
      })
      const { seconds, basis, memory } = timeOf(h, images, { runs, settings })
      const written = Math.ceil(h.epochs / h.checkpointEvery)
      const regular = h.keepEvery && Math.floor(written / h.keepEvery)
      const checkpoints = Math.min(written, regular + h.keepBest + 1)
      const estimate = {
        parameters,
        memoryBytes: memory ?? memoryBytes(h, parameters, planOf(h, division)),
        availableMemoryBytes,
        stepsPerEpoch: Math.ceil(totalSteps / h.epochs),
        totalSteps,
        seconds,
        basis,
        checkpoints,
        // While one is written, the one before is still there.
        diskBytes: Math.min(written, checkpoints + 1) * (parameters * 12 + 1e6),
        freeDiskBytes: freeBytes,
        learningRate: learningRate(h),
      }
      return { ...estimate, warnings: warnings(h, images, estimate) }
    }),
  )
}

/** The settings that decide how many weights there are. */
const shaping = [
  'objective', 'imageSize', 'patchSize', 'width', 'depth', 'heads', 'queryDepth', 'shareWeights', 'head', 'decoderWidth',
  'decoderDepth', 'positions',
] as const // prettier-ignore
const parameterCounts = new Map<string, number>()

/** The weights of a model. Counting them takes longer than all else of an estimate, so counts are kept. */
function parametersOf(h: Hyperparameters): number {
  const key = shaping.map((name) => h[name]).join()
  const found = parameterCounts.get(key) ?? weightCount(h)
  parameterCounts.set(key, found)
  return found
}

/** Seconds until these runs are done one after the other: what is left of the one that trains, and all of those that wait. */
export const waitSeconds = (ahead: Run[], basis: EstimateBasis): number =>
  ahead.reduce((sum, run) => sum + secondsOf(run, basis), 0)

/** Seconds until a run is done, once it trains. */
export function secondsOf(run: Run, basis: EstimateBasis): number {
  const { seconds } = timeOf(run.hyperparameters, run.dataset.images, basis)
  return run.secondsLeft ?? seconds * (run.totalSteps ? 1 - run.step / run.totalSteps : 1)
}

function stepsOf(h: Hyperparameters, images: number): { totalSteps: number } {
  const batchesPerEpoch = Math.max(1, Math.floor(images / h.batchSize))
  return { totalSteps: Math.max(1, Math.floor((h.epochs * batchesPerEpoch) / h.accumulation)) }
}

/**
 * Seconds of a run: at the speed of the newest run of the same model and batch; else at that of the run whose model is
 * nearest in arithmetic, scaled; else by a guess of what a core does.
 */
function timeOf(
  h: Hyperparameters,
  images: number,
  { runs, settings }: EstimateBasis,
): Pick<Estimate, 'seconds' | 'basis'> & { memory?: number } {
  const trained = stepsOf(h, images).totalSteps * h.batchSize * h.accumulation
  const timed = runs
    .filter(
      ({ latest, engine, cluster }) =>
        latest && latest.imagesPerSecond > 0 && engine === settings.engine && !cluster,
    )
    .sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))
  const same = timed.find((run) => costly.every((name) => run.hyperparameters[name] === h[name]))
  if (same)
    return {
      seconds: trained / same.latest!.imagesPerSecond,
      basis: { kind: 'earlier-run', run: same.name },
      memory: same.latest!.memory,
    }
  const flops = flopsPerImage(h)
  const distance = (run: Run) => Math.abs(Math.log(flopsPerImage(run.hyperparameters) / flops))
  const [nearest] = timed.sort((a, b) => distance(a) - distance(b))
  if (nearest) {
    const speed = nearest.latest!.imagesPerSecond * flopsPerImage(nearest.hyperparameters)
    return { seconds: (trained * flops) / speed, basis: { kind: 'other-run', run: nearest.name } }
  }
  return { seconds: (trained * flops) / (flopsPerCore * cpus().length), basis: { kind: 'model-size' } }
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

/** What a person should know before the start, at the choice that causes it. */
function warnings(h: Hyperparameters, images: number, e: Omit<Estimate, 'warnings'>): Estimate['warnings'] {
  const found: Estimate['warnings'] = []
  if (images < h.batchSize)
    found.push({ at: 'images', text: `Fewer images (${images}) than a batch (${h.batchSize}): they repeat.` })
  if (e.memoryBytes > e.availableMemoryBytes)
    found.push({
      at: 'model',
      text: `Needs about ${bytes(e.memoryBytes)} of memory, ${bytes(e.availableMemoryBytes)} available. Try ${h.gradientCheckpointing ? '' : 'gradient checkpointing, or '}a smaller batch with accumulation.`,
    })
  if (e.freeDiskBytes !== null && e.diskBytes > e.freeDiskBytes)
    found.push({
      at: 'duration',
      text: `Its checkpoints take about ${bytes(e.diskBytes)}, the disk has ${bytes(e.freeDiskBytes)} free. Keep fewer.`,
    })
  if (e.seconds > 86_400)
    found.push({
      at: 'duration',
      text: `Takes about ${roughly(e.seconds)}. Try a smaller model first.`,
    })
  return found
}
