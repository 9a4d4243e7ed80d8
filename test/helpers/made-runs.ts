import { writeFileSync } from 'node:fs'
import type { Metric } from '#shared/contract'
import { fromPreset, type Hyperparameters } from '#shared/settings/hyperparameters'
import { lineOf } from '#storage/json-lines'
import { type Annotations, changeAnnotations } from '#storage/run/annotations'
import { appendHealth } from '#storage/run/health-file'
import { createRun, type RunFile, runPaths, updateRun } from '#storage/run/run-folder'

interface MadeRun {
  name: string
  dataset?: string
  changes?: Partial<Hyperparameters>
  /** Steps that it made, of 300. */
  steps?: number
  /** The loss at the end; it falls to it from 1.2. */
  loss?: number
  knn?: number
  annotations?: Partial<Annotations>
  file?: Partial<RunFile>
}

/** Steps and images of a made run, with 30 steps an epoch. */
const [total, images, perEpoch] = [300, 495, 30]

/** A run as training would have left it, without images and checkpoints, so that thousands are made at once. */
export async function makeRun(
  runsFolder: string,
  { name, dataset = 'Sample images', changes, steps = total, loss = 0.5, knn, annotations, file }: MadeRun,
): Promise<string> {
  const folder = await createRun(runsFolder, {
    name,
    dataset: { name: dataset, folder: '/images' },
    hyperparameters: fromPreset('nano', changes),
    engine: 'onnxruntime-cpu',
    threads: 0,
    decoders: 0,
    writeManifest: async () => ({ train: images, validation: 0, test: 0 }),
  })
  writeFileSync(runPaths(folder).manifest, '') // a folder without one is no run
  const lines = Array.from({ length: steps }, (_, i) => lineOf(metricOf(i + 1, loss)))
  writeFileSync(runPaths(folder).metrics, lines.join(''))
  if (knn !== undefined)
    await appendHealth(folder, {
      ...{ step: steps, epoch: steps / perEpoch, effectiveRank: 40, variance: 1, uniformity: -0.3 },
      knn,
    })
  await updateRun(folder, { status: 'finished', step: steps, totalSteps: total, ...file })
  if (annotations) await changeAnnotations(folder, annotations)
  return folder
}

const metricOf = (step: number, loss: number): Metric => ({
  step,
  epoch: step / perEpoch,
  loss: loss + (1.2 - loss) * Math.exp(-step / 60) + 0.01 * Math.sin(step),
  learningRate: 0.005,
  gradientNorm: 1 + 0.1 * Math.cos(step),
  imagesPerSecond: 47,
  dataWait: 0.01,
  memory: 900e6,
  seconds: 0.4 * step,
})
