import { cpus, freemem, totalmem } from 'node:os'
import type { AppSettings, EngineProof, Estimate, Estimates, PresetProof, Run } from '#shared/contract'
import { bytes, roughly } from '#shared/format'
import { fromPreset, type Hyperparameters, learningRate } from '#shared/settings/hyperparameters'
import { decided, type Precision } from '#shared/settings/precision'
import { fastestPrecision } from '#shared/fastest-precision'
import type { Division } from '#engine/engine'
import { engineChoice } from '#engine/engines'
import type { PartPlan } from '#engine/split/parts'
import { freeDiskBytes } from '#storage/disk'
import { isForCores, planOf } from '#jobs/train/gradients'
import { healthImages } from '#jobs/train/health'
import { flopsPerImage, trainingBytes } from '#jobs/train/work'
import { weightCount } from '#model/objectives/index'

/** Arithmetic that a core does in a second, as a guess for machines that have trained nothing yet. */
const flopsPerCore = 60e9

/** The settings that decide how long a step takes. */
const costly = [
  'imageSize', 'patchSize', 'width', 'depth', 'heads', 'queryDepth', 'head', 'batchSize', 'accumulation', 'objective',
  'decoderWidth', 'decoderDepth', 'maskRatio', 'gradientCheckpointing', 'precision',
] as const // prettier-ignore

/** What the process holds beside what it trains: libraries, code, images on their way. */
const processBytes = 200e6

/** How many images a run trains on, and how many are held out for the validation loss. */
type RunImages = Pick<Estimates['images'], 'train' | 'validation'>

/** What estimates start from: the runs so far, and how this machine trains. */
export interface EstimateBasis {
  runs: Run[]
  settings: Pick<AppSettings, 'runsFolder' | 'engine' | 'threads'>
  /** What the engine of the settings showed when it was tested; null where it was not. */
  proof: EngineProof | null
  /** The GPUs that it computes on, as far as they are known; null where that is the CPU. */
  device: { freeBytes: (number | null)[] } | null
}

/** What runs with these settings would take on so many images each: parameters exactly, time and memory from earlier runs. */
export async function estimateRuns(
  all: { h: Hyperparameters; images: RunImages }[],
  basis: EstimateBasis,
): Promise<Estimate[]> {
  const { settings, device } = basis
  const freeBytes = await freeDiskBytes(settings.runsFolder)
  const availableMemoryBytes = Math.max(freemem(), totalmem() * 0.5)
  return Promise.all(
    all.map(async ({ h: asked, images }) => {
      const h = { ...asked, precision: precisionOf(asked, basis) }
      const parameters = parametersOf(h)
      const { totalSteps } = stepsOf(h, images.train)
      const division = await engineChoice(settings.engine).division({
        threads: settings.threads,
        coreEach: isForCores(h),
      })
      const { parts, from, memory } = timeOf(h, images, basis)
      const plan = planOf(h, division)
      const written = checkpointsOf(h)
      const regular = h.keepEvery && Math.floor(written / h.keepEvery)
      const checkpoints = Math.min(written, regular + h.keepBest + 1)
      const estimate = {
        parameters,
        memoryBytes: memory ?? memoryBytes(h, plan, division, basis),
        memoryOf: device ? ('device' as const) : ('machine' as const),
        availableMemoryBytes: device
          ? (device.freeBytes[Number(h.device) || 0] ?? null)
          : availableMemoryBytes,
        stepsPerEpoch: Math.ceil(totalSteps / h.epochs),
        totalSteps,
        seconds: sumOf(parts),
        parts,
        basis: from,
        checkpoints,
        // While one is written, the one before is still there.
        diskBytes: Math.min(written, checkpoints + 1) * (parameters * 12 + 1e6),
        freeDiskBytes: freeBytes,
        learningRate: learningRate(h),
      }
      return { ...estimate, warnings: warnings(h, images.train, estimate) }
    }),
  )
}

/** The settings that decide how many weights there are. */
const shaping = [
  'objective', 'imageSize', 'patchSize', 'width', 'depth', 'heads', 'queryDepth', 'shareWeights', 'head', 'decoderWidth',
  'decoderDepth', 'positions', 'registers',
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
  if (run.secondsLeft !== null) return run.secondsLeft
  const { images: train, validation } = run.dataset
  const h = { ...run.hyperparameters, precision: precisionOf(run.hyperparameters, basis) }
  const { ready, ...rest } = timeOf(h, { train, validation }, basis).parts
  return ready + sumOf(rest) * (run.totalSteps ? 1 - run.step / run.totalSteps : 1)
}

const sumOf = (parts: Record<string, number>): number => Object.values(parts).reduce((a, b) => a + b, 0)

const checkpointsOf = (h: Hyperparameters): number => Math.ceil(h.epochs / h.checkpointEvery)

function stepsOf(h: Hyperparameters, images: number): { totalSteps: number } {
  const batchesPerEpoch = Math.max(1, Math.floor(images / h.batchSize))
  return { totalSteps: Math.max(1, Math.floor((h.epochs * batchesPerEpoch) / h.accumulation)) }
}

/**
 * Seconds of a run. Of its steps at the speed of the newest run of the same model and batch; else at that of the preset that was
 * nearest in operations when the engine was tested here, scaled by them, or of such a run; else by a guess of what a core does.
 * Of all else by what that preset took for it.
 */
function timeOf(
  h: Hyperparameters,
  images: RunImages,
  basis: EstimateBasis,
): { parts: Estimate['parts']; from: Estimate['basis']; memory?: number | undefined } {
  const measured = nearestPreset(h, basis.proof)
  const { speed, from, memory } = speedOf(h, measured, basis)
  const trained = stepsOf(h, images.train).totalSteps * h.batchSize * h.accumulation
  const { open, look, save } = besideOf(h, measured, basis, speed)
  const checks = h.healthEvery ? Math.floor(h.epochs / h.healthEvery) : 0
  const parts = {
    ready: (measured?.readySeconds ?? 0) + open,
    training: trained / speed,
    // It runs the decoder too, which is as deep again.
    validation: h.epochs * images.validation * 2 * look,
    health: checks * Math.min(healthImages, images.train) * look,
    checkpoints: checkpointsOf(h) * save,
  }
  return { parts, from, memory }
}

/** Images that a run trains in a second, what that comes from, and the memory of the run where it is that of another. */
function speedOf(
  h: Hyperparameters,
  measured: PresetProof | undefined,
  { runs, settings, device }: EstimateBasis,
): { speed: number; from: Estimate['basis']; memory?: number | undefined } {
  const timed = runs
    .filter(
      ({ latest, engine, cluster }) => latest && latest.seconds > 0 && engine === settings.engine && !cluster,
    )
    .sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))
  const same = timed.find((run) => costly.every((name) => run.hyperparameters[name] === h[name]))
  if (same)
    return {
      speed: meanSpeed(same),
      from: { kind: 'earlier-run', run: same.name },
      memory: device ? undefined : same.latest!.memory,
    }
  const flops = flopsPerImage(h)
  if (measured) {
    const { preset } = measured
    const alike = fromPreset(preset, { precision: h.precision })
    const isSame = costly.every((name) => alike[name] === h[name])
    const speed = (measured.imagesPerSecond * flopsPerImage(alike)) / flops
    return { speed, from: { kind: 'proof', preset, isSame } }
  }
  const distance = (run: Run) => Math.abs(Math.log(flopsPerImage(run.hyperparameters) / flops))
  const [nearest] = timed.sort((a, b) => distance(a) - distance(b))
  if (!nearest) return { speed: (flopsPerCore * cpus().length) / flops, from: { kind: 'model-size' } }
  const scale = flopsPerImage(nearest.hyperparameters) / flops
  return {
    speed: meanSpeed(nearest) * scale,
    from: { kind: 'other-run', run: nearest.name },
  }
}

/** Images that a run trained in a second, over all of its steps: a single one says little. */
const meanSpeed = ({ latest, dataset }: Run) => (latest!.epoch * dataset.images) / latest!.seconds

/**
 * Seconds of a look at an image for a check of health, and of a checkpoint: what the preset took, scaled by operations and by
 * weights. Where that was not timed, a look is the encoder's sixth of a step, and a checkpoint nothing.
 */
function besideOf(
  h: Hyperparameters,
  measured: PresetProof | undefined,
  { proof }: EstimateBasis,
  speed: number,
) {
  const beside =
    measured?.beside ??
    proof?.precisions[0]?.presets.find(({ preset }) => preset === measured?.preset)?.beside
  if (!measured || !beside) return { open: 0, look: 1 / (6 * speed), save: 0 }
  const alike = fromPreset(measured.preset)
  return {
    open: beside.openSeconds,
    look: (beside.lookSeconds * flopsPerImage(h)) / flopsPerImage(alike),
    save: (beside.saveSeconds * parametersOf(h)) / parametersOf(alike),
  }
}

/** What a run computes in on the engine that showed this. */
const precisionOf = ({ precision }: Hyperparameters, { proof }: EstimateBasis): Precision =>
  precision === 'auto' && proof ? fastestPrecision(proof).precision : decided(precision)

/** The preset that was measured, in the precision if it was, and takes most nearly as many operations. */
function nearestPreset(h: Hyperparameters, proof: EngineProof | null) {
  const { presets = [] } = proof?.precisions.find(({ precision }) => precision === h.precision) ?? proof ?? {}
  const distance = (preset: PresetProof) =>
    Math.abs(Math.log(flopsPerImage(fromPreset(preset.preset)) / flopsPerImage(h)))
  return [...presets].sort((a, b) => distance(a) - distance(b))[0]
}

/** Memory by what the nearest measured preset took, scaled by what both should take; as counted where none was measured. */
function memoryBytes(
  h: Hyperparameters,
  plan: PartPlan,
  division: Division,
  { proof, device }: EstimateBasis,
): number {
  const needed = trainingBytes(h, parametersOf(h), plan)
  if (device) return needed
  const measured = nearestPreset(h, proof)
  if (!measured) return processBytes + needed
  const alike = fromPreset(measured.preset, { accumulation: 1 })
  const counted = trainingBytes(alike, parametersOf(alike), planOf(alike, division))
  return processBytes + (needed * (measured.memoryBytes - processBytes)) / counted
}

/** What a person should know before the start, at the choice that causes it. */
function warnings(h: Hyperparameters, images: number, e: Omit<Estimate, 'warnings'>): Estimate['warnings'] {
  const found: Estimate['warnings'] = []
  if (images < h.batchSize)
    found.push({ at: 'images', text: `Fewer images (${images}) than a batch (${h.batchSize}): they repeat.` })
  if (e.availableMemoryBytes !== null && e.memoryBytes > e.availableMemoryBytes)
    found.push({
      at: 'model',
      text: `Needs about ${bytes(e.memoryBytes)} of ${e.memoryOf === 'device' ? 'the GPU’s memory' : 'memory'}, ${bytes(e.availableMemoryBytes)} available. Try ${h.gradientCheckpointing ? '' : 'gradient checkpointing, or '}a smaller batch with accumulation.`,
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
