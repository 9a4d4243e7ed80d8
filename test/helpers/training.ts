import path from 'node:path'
import { writeManifest } from '#images/manifest'
import { forkNode } from '#platform/processes'
import { newestStep, loadCheckpoint } from '#storage/run/checkpoint'
import { sha256 } from '#storage/files'
import type { TrainingMessage } from '#jobs/train/messages'
import { readMetrics } from '#storage/run/metrics'
import { createRun } from '#storage/run/run-folder'
import { fromPreset, type Hyperparameters } from '#shared/settings/hyperparameters'
import { scan } from './data'

/** A model that trains in seconds. */
export const small: Partial<Hyperparameters> = {
  imageSize: 16,
  patchSize: 4,
  width: 32,
  depth: 2,
  heads: 2,
  queryDepth: 2,
  batchSize: 8,
  epochs: 2,
  warmupEpochs: 1,
  checkpointEvery: 1,
  // As the application records it when a run begins.
  precision: 'float32',
}

/** A run of the small model, with changes, on a folder of images. */
export async function newRun(home: string, images: string, changes: Partial<Hyperparameters> = {}) {
  const { index } = await scan(images)
  const settings = fromPreset('nano', { ...small, ...changes })
  return createRun(path.join(home, 'runs'), {
    name: 'a run',
    dataset: { name: 'images', folder: images },
    hyperparameters: settings,
    engine: 'onnxruntime-cpu',
    threads: 1,
    decoders: 1,
    writeManifest: (file) =>
      writeManifest(file, index, { fraction: settings.validationFraction, seed: settings.splitSeed }),
  })
}

/** Trains in a process of its own to its end, or to `stopAfter` steps. */
export function trainRun(folder: string, stopAfter = Infinity): Promise<TrainingMessage[]> {
  const child = forkNode('training', [folder])
  const messages: TrainingMessage[] = []
  child.onMessage((data) => {
    const message = data as TrainingMessage
    messages.push(message)
    if (message.type === 'progress' && message.metric.step >= stopAfter)
      child.post({ type: 'stop', as: 'paused' })
  })
  return new Promise((resolve) => child.onExit(() => resolve(messages)))
}

/** What must be the same after a resume, to the last bit: of each step its numbers, at the end the weights. */
export async function historyOf(folder: string) {
  return (await readMetrics(folder)).map(
    ({ step, epoch, loss, learningRate, gradientNorm, validationLoss }) =>
      JSON.stringify({ step, epoch, loss, learningRate, gradientNorm, validationLoss }),
  )
}

/** The newest checkpoint's weights and moments, each as a checksum of its bytes. */
export async function newestWeights(folder: string) {
  const newest = (await newestStep(folder))!
  const { weights, optimizer } = await loadCheckpoint(folder, newest)
  const tensors = Object.entries({ ...weights, ...optimizer }).map(([name, { values }]) => [
    name,
    sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ])
  return { newest, tensors: Object.fromEntries(tensors) }
}
