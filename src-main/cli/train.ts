import { Presets, SingleBar } from 'cli-progress'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Metric } from '../../src-shared/contract'
import { AppError, fromErrorData } from '../../src-shared/errors'
import {
  allSettings,
  hyperparametersSchema,
  learningRate,
  type PresetName,
  presets,
} from '../../src-shared/hyperparameters'
import { scanFolder } from '../data/scan'
import { runsFolder } from '../paths'
import { forkNode } from '../port'
import { weightShapes } from '../saim/weights'
import type { StopMessage, TrainingMessage } from '../training/messages'
import {
  createRun,
  isAlive,
  listCheckpoints,
  readMetrics,
  readRun,
  runPaths,
  updateRun,
} from '../training/run-folder'
import { duration } from './report'
import { settingsFrom } from './setting-options'

interface TrainOptions {
  preset: PresetName
  name?: string
  runs: string
  engine: string
  threads: number
  decoders: number
}

/** `saim train`: scans the folder, makes a run and trains it. */
export async function train(folder: string, options: TrainOptions & Record<string, unknown>): Promise<void> {
  const h = settingsFrom(hyperparametersSchema, allSettings, options, presets[options.preset].values)
  const dataset = path.resolve(folder)
  const { images, unreadable } = await scanFolder(dataset)
  const classes = new Set(images.map((image) => image.class)).size
  console.log(`${images.length} images in ${classes} folders of ${dataset}`)
  if (unreadable.length) {
    console.log(`${unreadable.length} files can not be read and are left out:`)
    for (const { path: file, reason } of unreadable.slice(0, 10)) console.log(`  ${file}: ${reason}`)
    if (unreadable.length > 10) console.log(`  and ${unreadable.length - 10} more`)
  }
  if (images.length < h.batchSize)
    console.log(`Fewer images than a batch of ${h.batchSize}: they are repeated to fill it.`)

  const run = await createRun(options.runs, {
    name: options.name ?? `${path.basename(dataset)} ${options.preset}`,
    dataset: { name: path.basename(dataset), folder: dataset, images: images.length },
    hyperparameters: h,
    engine: options.engine,
    threads: options.threads,
    decoders: options.decoders,
    images,
  })
  const parameters = Object.values(weightShapes(h)).reduce(
    (sum, shape) => sum + shape.reduce((a, b) => a * b),
    0,
  )
  console.log(
    `Model ${options.preset}: ${(parameters / 1e6).toFixed(1)} million parameters; learning rate ${learningRate(h).toPrecision(3)}`,
  )
  await follow(run)
}

/** `saim resume`: goes on with a run from its newest checkpoint. */
export async function resume(run: string, { runs }: { runs: string }): Promise<void> {
  const folder = existsSync(runPaths(run).run) ? run : path.join(runs, run)
  const file = await readRun(folder)
  if (await isAlive(folder, file))
    throw new AppError('run-busy', `${file.name} is being trained already.`, 'Stop it there first.')
  if (file.status === 'finished')
    throw new AppError('run-busy', `${file.name} is finished.`, 'Start a new run with more epochs.')
  await follow(folder)
}

/** Trains the run in a process of its own, shows its progress and ends with it. */
async function follow(folder: string): Promise<void> {
  console.log(`Run folder: ${folder}`)
  const child = forkNode('training', [folder])
  const progress = showProgress()
  let ended: Extract<TrainingMessage, { type: 'ended' }> | undefined

  let asked = false
  const interrupt = () => {
    if (asked) {
      child.kill()
      process.exit(130)
    }
    asked = true
    console.log('\nSaving after this step. Once more to end at once.')
    child.post({ type: 'stop', as: 'stopped' } satisfies StopMessage)
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)

  child.onMessage((data) => {
    const message = data as TrainingMessage
    if (message.type === 'progress') progress.show(message.metric, message.totalSteps)
    if (message.type === 'ended') ended = message
  })
  const errors = await new Promise<string>((resolve) => child.onExit((_code, text) => resolve(text)))
  progress.end()
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  if (errors) console.error(errors)
  if (!ended) {
    await updateRun(folder, { process: null })
    throw new AppError(
      'worker-died',
      'The training process ended without a word.',
      `See ${runPaths(folder).log}; go on with: saim resume ${path.basename(folder)}`,
    )
  }
  if (ended.error) throw fromErrorData(ended.error)
  await summarise(folder, ended.status)
}

async function summarise(folder: string, status: string): Promise<void> {
  const metrics = await readMetrics(folder)
  const last = metrics.at(-1)
  const newest = (await listCheckpoints(folder)).at(-1)
  if (!last || !newest) return
  const mean = (part: Metric[]) => (part.reduce((sum, { loss }) => sum + loss, 0) / part.length).toFixed(4)
  const span = Math.min(20, Math.ceil(metrics.length / 4))
  console.log(
    `Run ${status} after ${last.step} steps, ${duration(last.seconds)}. Loss ${mean(metrics.slice(0, span))} at the start, ${mean(metrics.slice(-span))} at the end.`,
  )
  console.log(`Reconstructions: ${path.join(runPaths(folder).reconstructions(newest.step), 'sheet.png')}`)
  console.log(`Weights: ${path.join(runPaths(folder).checkpoint(newest.step), 'weights.safetensors')}`)
  if (status !== 'finished') console.log(`Go on with: saim resume ${resumeName(folder)}`)
}

const resumeName = (folder: string) =>
  path.dirname(folder) === runsFolder() ? path.basename(folder) : folder

/** A bar on a terminal, elsewhere a line every ten seconds. */
function showProgress() {
  const recent: Metric[] = []
  const bar = new SingleBar(
    { format: '{bar} {percentage}% | step {value}/{total} | {text}', hideCursor: true },
    Presets.shades_classic,
  )
  let started = false
  let lastLine = 0
  return {
    show(metric: Metric, totalSteps: number) {
      recent.push(metric)
      if (recent.length > 20) recent.shift()
      const mean = (value: (m: Metric) => number) =>
        recent.reduce((sum, m) => sum + value(m), 0) / recent.length
      const speed = mean((m) => m.imagesPerSecond)
      const perStep = recent.length > 1 ? (metric.seconds - recent[0]!.seconds) / (recent.length - 1) : 0
      const left = perStep ? duration((totalSteps - metric.step) * perStep) : '?'
      const text = `epoch ${metric.epoch.toFixed(2)} | loss ${mean((m) => m.loss).toFixed(4)} | ${speed.toFixed(0)} images/s | ${left} to go`
      if (process.stdout.isTTY) {
        if (!started) bar.start(totalSteps, metric.step, { text })
        else bar.update(metric.step, { text })
      } else if (Date.now() - lastLine > 10_000 || metric.step === totalSteps) {
        lastLine = Date.now()
        console.log(`step ${metric.step}/${totalSteps} | ${text}`)
      }
      started = true
    },
    end() {
      if (started && process.stdout.isTTY) bar.stop()
    },
  }
}
