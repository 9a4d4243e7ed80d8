import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Exported, ExportFormat } from '../../src-shared/contract'
import { AppError } from '../../src-shared/errors'
import { appVersion } from '../../src-shared/version'
import { loadCentred } from '../data/batches'
import { DatasetIndex } from '../data/dataset-index'
import { Decoders } from '../data/decoders'
import { Manifest } from '../data/manifest'
import { fileName, freeName } from '../free-name'
import { sampleImagesFolder } from '../paths'
import { checkpointSteps, loadCheckpoint } from '../training/checkpoint'
import { readMetrics } from '../training/metrics'
import { evenlySpread } from '../training/reconstructions'
import { readImages, readRun, type RunFile } from '../training/run-folder'
import { lossCurve, modelCard, unknownLicence } from './card'
import { exampleOf, type Files, formats } from './formats'
import { prove } from './proof'
import type { FloatTensors } from './tensors'

export interface ExportOrder {
  /** The run's folder. */
  run: string
  /** The newest checkpoint where none is named. */
  step?: number
  format: ExportFormat
  /** Where the new folder goes. */
  folder: string
  licence?: string
}

const proofImages = 8

/**
 * Writes a checkpoint in a format, with model card and example, into a new folder that is named after the run, then
 * reads it back and compares. The folder appears when all that is done. Throws AppError.
 */
export async function exportCheckpoint(
  { run: runFolder, step, format, folder, licence = unknownLicence }: ExportOrder,
  say: (text: string) => void,
): Promise<Exported> {
  const run = await readRun(runFolder)
  const { weights, state } = await loadCheckpoint(runFolder, await chooseStep(runFolder, run, step))
  const h = run.hyperparameters
  const source = { h, weights: weights as FloatTensors, epoch: state.epoch, statistics: run.statistics }
  const target = await freeName(folder, `${fileName(run.name)}-${state.step}-${format}`)
  const temporary = `${target}.tmp`
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary, { recursive: true })
  try {
    say(`Writing ${format}`)
    await write(temporary, { ...formats[format].files(source), ...(await exampleOf(format)) })
    const about = { app: appVersion, run: run.id, step: state.step, hyperparameters: h, ...run.statistics }
    await write(temporary, { 'saim.json': JSON.stringify(about, null, 2) })
    say('Reading images')
    const checks = await prove(temporary, format, source, await imagesOf(runFolder, run), say)
    const metrics = (await readMetrics(runFolder)).filter((metric) => metric.step <= state.step)
    await write(temporary, {
      'README.md': modelCard({ run, state, format, licence, checks, metrics }),
      'saim.json': JSON.stringify({ ...about, checks }, null, 2),
      ...(metrics.length ? { 'loss.svg': lossCurve(metrics) } : {}),
    })
    await rename(temporary, target)
    return { folder: target, files: await listFiles(target), checks }
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

async function chooseStep(folder: string, { name }: RunFile, step?: number): Promise<number> {
  const steps = await checkpointSteps(folder)
  const chosen = step ?? steps.at(-1)
  if (chosen === undefined || !steps.includes(chosen))
    throw new AppError(
      'checkpoint-missing',
      `${name} has no such checkpoint.`,
      'Train it until it saves one.',
    )
  return chosen
}

async function write(folder: string, files: Files): Promise<void> {
  for (const [name, contents] of Object.entries(files)) await writeFile(path.join(folder, name), contents)
}

/** Some of the run's images, from all over its data set; sample images where they are gone. [B, S, S, 3] */
async function imagesOf(
  folder: string,
  { dataset, hyperparameters, statistics }: RunFile,
): Promise<Float32Array> {
  const decoders = new Decoders(1, statistics)
  const load = (place: string, manifest: Manifest) =>
    loadCentred(
      decoders,
      place,
      evenlySpread(manifest.indicesOf('train'), proofImages).map((index) => manifest.at(index)),
      hyperparameters.imageSize,
    )
  try {
    const own = await load(dataset.folder, await readImages(folder))
    if (own.readable.every(Boolean)) return own.images
    return (await load(sampleImagesFolder(), await sampleImages())).images
  } finally {
    await decoders.close()
  }
}

async function sampleImages(): Promise<Manifest> {
  const index = new DatasetIndex(sampleImagesFolder(), ':memory:')
  await index.scan()
  const images = [...index.usable()].flat().map((image) => ({ ...image, split: 'train' as const }))
  index.close()
  return Manifest.of(images)
}

async function listFiles(folder: string): Promise<Exported['files']> {
  const names = (await readdir(folder)).sort()
  return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(path.join(folder, name))).size })))
}
