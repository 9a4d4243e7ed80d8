import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import type { Cluster, Metric, RunError } from '#shared/contract'
import { AppError } from '#shared/errors'
import {
  allSettings,
  hyperparametersSchema,
  learningRate,
  type Hyperparameters,
  type PresetName,
  presets,
} from '#shared/settings/hyperparameters'
import { statisticsOf } from '#images/index/check'
import { DatasetIndex } from '#images/index/dataset-index'
import { writeManifest } from '#images/manifest'
import { engineChoice } from '#engine/engines'
import type { Precision } from '#engine/engine'
import { indexFile, runsFolder, sampleImagesFolder } from '#platform/paths'
import { forkNode } from '#platform/processes'
import { Engines } from '#app/engines'
import { Settings } from '#app/settings'
import { newestStep } from '#storage/run/checkpoint'
import { locateImages } from '#app/runs/locate'
import { lockOwner } from '#storage/lock'
import { readMetrics } from '#storage/run/metrics'
import { findRun } from '#storage/run/find'
import { initialFrom } from '#storage/run/origin'
import { changeSettings, createRun, readRun, runPaths, updateRun } from '#storage/run/run-folder'
import { startTraining } from '#jobs/train/supervise'
import { showProgress } from './support/progress'
import { duration } from './support/report'
import { chosenSettings, flagsOf, settingsFrom } from './support/setting-options'
import { weightCount } from '#model/objectives/index'

export interface TrainOptions {
  preset?: PresetName
  name?: string
  from?: string
  runs: string
  engine: string
  threads: number
  decoders: number
  cache?: number
  cluster?: Cluster
}

/** `saim train`: scans the folder, makes a run, trains it and answers its folder. */
export async function train(
  folder: string | undefined,
  options: TrainOptions & Record<string, unknown>,
): Promise<string> {
  const [, fromRun, fromStep] = options.from?.match(/^(.*?)(?:@(\d+))?$/) ?? []
  const source = fromRun === undefined ? null : await findRun(fromRun, options.runs)
  const like = source === null ? null : await readRun(source)
  const base = like && !options.preset ? like.hyperparameters : presets[options.preset ?? 'nano'].values
  const h = settingsFrom(hyperparametersSchema, allSettings, options, base)
  const initial = source
    ? await initialFrom(source, h, fromStep === undefined ? undefined : Number(fromStep))
    : undefined
  const given = path.resolve(folder ?? like?.dataset.folder ?? sampleImagesFolder())
  const dataset = existsSync(given) ? realpathSync(given) : given
  const index = new DatasetIndex(dataset, indexFile(dataset))
  await index.scan()
  describe(dataset, index)

  const model = options.preset ?? (like ? `like ${like.name}` : 'nano')
  const { engine, notice } = await chooseEngine(options.engine, h.precision)
  const run = await createRun(options.runs, {
    name: options.name ?? `${path.basename(dataset)} ${model}`,
    dataset: { name: path.basename(dataset), folder: dataset },
    hyperparameters: h,
    engine,
    notice,
    threads: options.threads,
    decoders: options.decoders,
    cache: options.cache ?? null,
    cluster: options.cluster,
    statistics: h.normalization === 'dataset' ? await statisticsOf(index) : undefined,
    writeManifest: (file) =>
      writeManifest(file, index, { fraction: h.validationFraction, seed: h.splitSeed }),
    initial,
  })
  index.close()
  const { images, validation } = (await readRun(run)).dataset
  if (validation) console.log(`${validation} images are held out for validation.`)
  if (images < h.batchSize)
    console.log(`Fewer images than a batch of ${h.batchSize}: they are repeated to fill it.`)
  console.log(
    `Model ${model}: ${(weightCount(h) / 1e6).toFixed(1)} million parameters; learning rate ${learningRate(h).toPrecision(3)}`,
  )
  if (initial) console.log(`Begins with the weights of ${initial.origin.run} at step ${initial.origin.step}`)
  await follow(run)
  return run
}

function describe(folder: string, index: DatasetIndex): void {
  const { images, classes, excluded } = index.summary()
  console.log(`${images} images in ${classes.length} classes of ${folder}`)
  if (excluded) console.log(`${excluded} images are excluded and left out.`)
  const { total, files } = index.unreadable(0, 10)
  if (total === 0) return
  console.log(`${total} files can not be read and are left out:`)
  for (const { path: file, reason } of files) console.log(`  ${file}: ${reason}`)
  if (total > files.length) console.log(`  and ${total - files.length} more`)
}

interface ResumeOptions {
  runs: string
  images?: string
  engine?: string
  cluster?: Cluster
}

/**
 * `saim resume`: goes on with a run from its newest checkpoint, by what trained it or by the engine or cluster that is named.
 */
export async function resume(
  run: string,
  { runs, images, engine, cluster, ...options }: ResumeOptions & Record<string, unknown>,
): Promise<void> {
  const folder = await findRun(run, runs)
  const file = await readRun(folder)
  if (await lockOwner(runPaths(folder).lock))
    throw new AppError('run-busy', `${file.name} is being trained already.`, 'Stop it there first.')
  if (file.status === 'finished')
    throw new AppError('run-busy', `${file.name} is finished.`, 'Start a new run with: saim train --from')
  if (images) await locateImages(folder, path.resolve(images))
  const changes = chosenSettings(allSettings, options)
  const { precision } = { ...file.hyperparameters, ...changes } as Hyperparameters
  const choice = await chooseEngine(engine ?? file.engine, precision)
  if (Object.keys(changes).length) await changeSettings(folder, changes)
  await updateRun(folder, {
    ...choice,
    cluster: cluster ?? (engine ? null : file.cluster),
  })
  await follow(folder)
}

/** The engine that is asked for, or where it can not be used, another one and a notice that says so loudly. */
async function chooseEngine(
  wanted: string,
  precision: Precision,
): Promise<{ engine: string; notice: string | null }> {
  engineChoice(wanted, precision)
  const engines = new Engines({ fork: forkNode, emit: () => undefined, settings: new Settings() })
  const choice = await engines.choose(wanted)
  if (choice.notice) console.error(`\n*** ${choice.notice} ***\n`)
  return choice
}

/** Trains the run in a process of its own, shows its progress and ends with it. */
async function follow(folder: string): Promise<void> {
  console.log(`Run folder: ${folder}`)
  const progress = showProgress()
  const training = startTraining(forkNode, folder, (message) => {
    if (message.type === 'progress') progress.show(message.metric, message.totalSteps)
  })

  let asked = false
  const interrupt = () => {
    if (asked) {
      training.kill()
      process.exit(130)
    }
    asked = true
    console.log('\nSaving after this step. Once more to end at once.')
    training.stop('stopped')
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  const { status, error } = await training.ended
  progress.end()
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  if (error) throw new AppError(error.code, error.message, adviceOf(folder, error))
  await summarise(folder, status)
}

/** What to do, and how to do it here. */
function adviceOf(folder: string, { advice, remedies = [] }: RunError): string {
  const commands = remedies.map((changes) =>
    [`saim resume ${resumeName(folder)}`, ...flagsOf(changes)].join(' '),
  )
  return [advice, ...commands].filter(Boolean).join('\n  ')
}

async function summarise(folder: string, status: string): Promise<void> {
  const metrics = await readMetrics(folder)
  const last = metrics.at(-1)
  const newest = await newestStep(folder)
  if (!last || newest === null) return
  const mean = (part: Metric[]) => (part.reduce((sum, { loss }) => sum + loss, 0) / part.length).toFixed(4)
  const span = Math.min(20, Math.ceil(metrics.length / 4))
  console.log(
    `Run ${status} after ${last.step} steps, ${duration(last.seconds)}. Loss ${mean(metrics.slice(0, span))} at the start, ${mean(metrics.slice(-span))} at the end.`,
  )
  console.log(`Reconstructions: ${path.join(runPaths(folder).reconstructions(newest), 'sheet.png')}`)
  console.log(`Weights: ${path.join(runPaths(folder).checkpoint(newest), 'weights.safetensors')}`)
  if (status !== 'finished') console.log(`Go on with: saim resume ${resumeName(folder)}`)
}

const resumeName = (folder: string) =>
  path.dirname(folder) === runsFolder() ? path.basename(folder) : folder
