import '@tensorflow/tfjs-backend-cpu'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { freemem, tmpdir } from 'node:os'
import path from 'node:path'
import type { EngineProof, PrecisionProof, PresetProof } from '#shared/contract'
import { AppError } from '#shared/errors'
import { number } from '#shared/format'
import { imageNetStatistics } from '#shared/image-net'
import type { Precision } from '#shared/settings/precision'
import {
  fromPreset,
  type Hyperparameters,
  patchCount,
  type PresetName,
  presetNames,
} from '#shared/settings/hyperparameters'
import { createEngine, engineChoice, type EngineOptions } from '#engine/engines'
import { EagerEngine } from '#engine/eager'
import { type Engine, undivided } from '#engine/engine'
import { requireTensorflow } from '#engine/tensorflow/installed'
import { environment } from '#platform/environment'
import type { NamedTensorData, StepFunction } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { orders, withPlaces } from '#model/objectives/order'
import { imageInputs, lossAndGradients } from '#model/objectives/pretrain'
import { isForCores, planOf } from '#jobs/train/gradients'
import { flopsPerImage, trainingBytes } from '#jobs/train/work'
import { compileUpdate, startingState } from '#jobs/train/update'
import { compareGradients } from './checks'
import { limits } from './limits'
import { timeBeside } from './beside'
import { askTwin } from './twin'
import { initialWeights, weightCount } from '#model/objectives/index'

/** A model that plain tfjs, in JavaScript, differentiates in a second. */
const tiny = fromPreset('nano', {
  imageSize: 16, patchSize: 4, width: 32, depth: 2, queryDepth: 2, heads: 2, batchSize: 4,
}) // prettier-ignore

/** What images/s are measured on; a GPU in software gets a batch that it ends with in this life. */
const measured = (preset: PresetName, software: boolean) =>
  fromPreset(preset, { accumulation: 1, ...(software ? { batchSize: 4 } : {}) })

/**
 * Measuring takes as many steps as begin within so many seconds, and no fewer than these; a larger preset is measured where three of
 * its steps should take no longer than its patience. float32 says how long runs take; other precisions are compared with it.
 */
const careOf = ({ precision }: EngineOptions) => {
  const [seconds, patience] = precision === 'float32' ? [5, 20] : [3, 10]
  return { steps: 2, seconds: seconds * environment.patience(), patience: patience * environment.patience() }
}

/** Until a process has loaded its code, which one that trains does too. */
const loadSeconds = performance.now() / 1000

/** What an engine showed in one precision, and which ones its device has. */
export interface Proven extends Pick<EngineProof, 'device' | 'software' | 'operators'> {
  proof: PrecisionProof
  has: readonly Precision[]
}

/**
 * Runs an engine on real training steps: the loss and gradients of a tiny model must be those of plain tfjs, the only
 * thing that all engines have in common, within the limits of the precision; then a preset's step is timed. Each precision needs
 * a process of its own, since CUDA's libraries ask only once whether they may round.
 * Throws AppError engine-unavailable or engine-wrong, or whatever a driver throws.
 */
export async function prove(
  id: string,
  { threads, precision }: { threads: number; precision: Precision },
): Promise<Proven> {
  if (id === 'tensorflow') await requireTensorflow('contents')
  tf.enableProdMode() // no advice on the terminal to use another backend
  const options = { threads, precision, coreEach: true }
  const { outputs, operators, device, presets } = await show(id, options)
  const reference = await run(
    new EagerEngine('reference', 'cpu', {
      name: '',
      software: false,
      precisions: ['float32'],
      ...undivided,
      vectorSize: 0,
    }),
  )
  const { lossDifference, gradientDifference } = differences(outputs, reference)
  const { loss, gradient } = limits[precision]
  if (!(lossDifference <= loss && gradientDifference <= gradient))
    throw new AppError(
      'engine-wrong',
      `It computes something else than the reference: the loss differs by ${number(lossDifference)}, gradients by ${number(gradientDifference)} of their largest.`,
      'Update the graphics driver, or use another engine.',
    )
  return {
    device: device.name,
    software: device.software,
    has: device.precisions,
    operators,
    proof: {
      precision,
      lossDifference,
      gradientDifference,
      imagesPerSecond: presets[0]!.imagesPerSecond,
      memoryBytes: presets[0]!.memoryBytes,
      presets,
    },
  }
}

/** Loss and gradients of the tiny model, where they were computed, and how fast presets train there. */
async function show(id: string, options: EngineOptions) {
  if (!engineChoice(id).open) return showByTwin(options)
  const computed = await lossAndGradientsOf(id, options)
  return { ...computed, presets: await measurePresets(id, options, computed.device.software) }
}

/** The same by the PyTorch module. */
async function showByTwin({ threads, precision = 'float32' }: EngineOptions) {
  const { images, order } = tinyInputs()
  const { device, has, ...shown } = await askTwin({
    small: { ...tiny, precision },
    weights: initialWeights(tiny, 0),
    inputs: {
      images: { shape: [tiny.batchSize, tiny.imageSize, tiny.imageSize, 3], values: images },
      order: { shape: [tiny.batchSize, patchCount(tiny)], values: order },
    },
    presets: presetNames.map((preset) => {
      const h = { ...measured(preset, false), precision }
      return { preset, h, flops: flopsPerImage(h) }
    }),
    ...{ threads, ...careOf({ threads, precision }) },
  })
  return {
    device: { name: device, software: false, precisions: has },
    operators: null,
    outputs: shown.outputs,
    presets: shown.presets.map((preset) => ({ ...preset, beside: null })),
  }
}

function differences(outputs: NamedTensorData, reference: NamedTensorData) {
  const names = Object.keys(initialWeights(tiny, 0))
  const gradients = compareGradients(outputs, reference, names, limits.float32.gradient)
  return {
    lossDifference: Math.abs(outputs['loss']!.values[0]! - reference['loss']!.values[0]!),
    gradientDifference: Math.max(...gradients.map(({ difference }) => difference)),
  }
}

const step: StepFunction = (weights, { images, order }) => {
  const { loss, gradients } = lossAndGradients(tiny, weights, images!, order!)
  return { outputs: { loss, ...gradients } }
}

/** Normalised images [B, S, S, 3] and an order [B, N] of each. */
const tinyInputs = () => ({
  images: Float32Array.from({ length: tiny.batchSize * tiny.imageSize ** 2 * 3 }, (_, i) =>
    Math.sin(i * 12.9898),
  ),
  order: orders(tiny, 0, 0, [...Array(tiny.batchSize).keys()]),
})

async function run(engine: Engine): Promise<NamedTensorData> {
  const state = engine.createState(initialWeights(tiny, 0))
  const program = await engine.compile(step, state, imageInputs(tiny))
  const { images, order } = tinyInputs()
  const outputs = await program.run({ images, order: withPlaces(order, patchCount(tiny)) })
  await program.dispose()
  state.dispose()
  return outputs
}

/** Also tells where operators ran, for engines that record it and have a device to leave. */
async function lossAndGradientsOf(id: string, options: EngineOptions) {
  if (engineChoice(id).provider === 'cpu') {
    const engine = await createEngine(id, options)
    return { outputs: await run(engine), operators: null, device: engine.device }
  }
  const profile = await mkdtemp(path.join(tmpdir(), 'saim-proof-'))
  try {
    const engine = await createEngine(id, { ...options, profile })
    const outputs = await run(engine)
    const [file] = await readdir(profile)
    const operators = file
      ? countOperators(JSON.parse(await readFile(path.join(profile, file), 'utf8')))
      : null
    return { outputs, operators, device: engine.device }
  } finally {
    await rm(profile, { recursive: true, force: true })
  }
}

/** What onnxruntime's profile says about one event. */
interface ProfileEvent {
  cat?: string
  name: string
  args?: { op_name?: string; provider?: string }
}

/**
 * How many operators a step has, and which of them the device left to the CPU. Throws AppError engine-unavailable
 * where it left all of them.
 */
export function countOperators(events: ProfileEvent[]): EngineProof['operators'] {
  const ran = events.filter(
    ({ cat, name, args }) =>
      cat === 'Node' && name.endsWith('_kernel_time') && !args!.op_name!.startsWith('Memcpy'),
  )
  const onCpu = ran.filter(({ args }) => args!.provider === 'CPUExecutionProvider')
  if (onCpu.length === ran.length)
    throw new AppError(
      'engine-unavailable',
      'It leaves every operator to the CPU.',
      'Update the graphics driver, or use the CPU engine.',
    )
  const names = [...new Set(onCpu.map(({ args }) => args!.op_name!))].sort()
  return { total: ran.length, onCpu: onCpu.length, names }
}

/** Presets from the smallest on, as far as they fit into seconds and into memory. */
async function measurePresets(id: string, options: EngineOptions, software: boolean): Promise<PresetProof[]> {
  const found: PresetProof[] = []
  for (const preset of software ? (['nano'] as const) : presetNames) {
    const h = measured(preset, software)
    const last = found.at(-1)
    if (last && !(await isQuick(id, h, last, careOf(options)))) break
    const timed = measure(id, { ...options, coreEach: isForCores(h) }, h, software)
    // A larger one may find no room on the device.
    const result = last ? await timed.catch(() => null) : await timed
    if (!result) break
    found.push({ preset, ...result, memoryBytes: process.resourceUsage().maxRSS * 1024 })
  }
  return found
}

async function isQuick(
  id: string,
  h: Hyperparameters,
  last: PresetProof,
  { patience }: ReturnType<typeof careOf>,
): Promise<boolean> {
  const flops = (h.batchSize * flopsPerImage(h)) / flopsPerImage(fromPreset(last.preset))
  const division = await engineChoice(id).division({ threads: 0, coreEach: isForCores(h) })
  const isDevice = division.fastestBytes === Infinity
  const fits = isDevice || trainingBytes(h, weightCount(h), planOf(h, division)) < freemem() / 2
  return fits && (3 * flops) / last.imagesPerSecond < patience
}

/** What `PresetProof` says of the speed of a preset. */
async function measure(
  id: string,
  options: EngineOptions,
  h: Hyperparameters,
  software: boolean,
): Promise<Pick<PresetProof, 'imagesPerSecond' | 'readySeconds' | 'beside'>> {
  const opened = performance.now()
  const engine = await createEngine(id, options)
  const state = startingState(h, engine, initialWeights(h, 0))
  const update = await compileUpdate(h, imageNetStatistics, engine, state)
  const train = (count: number) => update.run([batchOf(h)], 1e-4, count)
  await train(1)
  const start = performance.now()
  let steps = 0
  const care = careOf(options)
  while (steps < care.steps || performance.now() - start < care.seconds * 1000) await train(++steps + 1)
  const imagesPerSecond = (steps * h.batchSize * 1000) / (performance.now() - start)
  // Nobody trains on software rendering.
  const isWhole = options.precision === 'float32' && !software
  const beside = isWhole ? await timeBeside(h, engine, state, imagesPerSecond) : null
  await update.close()
  state.dispose()
  // What the first step took longer than others is no step's own.
  const firstStep = (start - opened) / 1000 - h.batchSize / imagesPerSecond
  const readySeconds = loadSeconds + Math.max(0, firstStep)
  return { imagesPerSecond, readySeconds, beside }
}

function batchOf(h: Hyperparameters) {
  const images = Uint8Array.from(
    { length: h.batchSize * h.imageSize ** 2 * 3 },
    (_, i) => (i * 12.9898) % 256,
  )
  return { images, indices: [...Array(h.batchSize).keys()], epoch: 0 }
}
