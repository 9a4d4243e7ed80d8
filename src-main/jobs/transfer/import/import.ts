import path from 'node:path'
import type { WeightsReport } from '#shared/contract'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { DatasetIndex } from '#images/index/dataset-index'
import { writeManifest } from '#images/manifest'
import { indexFile } from '#platform/paths'
import { type CheckpointState, saveCheckpoint } from '#storage/run/checkpoint'
import { createRun, readRun, updateRun } from '#storage/run/run-folder'
import { fitWeights } from './fit'
import { readWeights } from '#formats/weights-file'

export interface ImportOrder {
  /** A .pth or safetensors file. */
  file: string
  /** The images that the run looks at, and trains on when it is resumed. */
  images: string
  runsFolder: string
  name?: string
  engine: string
  /** Settings other than those that the file tells. */
  changes: Partial<Hyperparameters>
}

export interface Imported {
  /** The run's. */
  folder: string
  report: WeightsReport
}

/** The place in a run before its first step. */
const atTheStart = (images: number, h: Hyperparameters): CheckpointState => ({
  step: 0,
  epoch: 0,
  batch: 0,
  batchesPerEpoch: Math.max(1, Math.floor(images / h.batchSize)),
  number: 0,
  loss: null,
  interval: { sum: 0, steps: 0, validation: null },
  best: null,
  seconds: 0,
  savedAt: new Date().toISOString(),
})

/**
 * Makes a run of weights from elsewhere: they are its checkpoint of step 0, so that it can be looked at, evaluated,
 * exported, trained on, or be the start of other runs. Throws AppError.
 */
export async function importWeights({
  file,
  images: folder,
  runsFolder,
  name = path.basename(file).replace(/\.\w+$/, ''),
  engine,
  changes,
}: ImportOrder): Promise<Imported> {
  const { h, weights, report } = fitWeights(await readWeights(file), changes)
  const index = new DatasetIndex(folder, indexFile(folder))
  await index.scan()
  const run = await createRun(runsFolder, {
    name,
    dataset: { name: path.basename(folder), folder },
    hyperparameters: h,
    engine,
    threads: 0,
    decoders: 0,
    writeManifest: (list) =>
      writeManifest(list, index, { fraction: h.validationFraction, seed: h.splitSeed }),
  })
  index.close()
  const { images } = (await readRun(run)).dataset
  await saveCheckpoint(run, { weights, optimizer: {}, state: atTheStart(images, h) })
  await updateRun(run, { status: 'stopped' })
  return { folder: run, report }
}
