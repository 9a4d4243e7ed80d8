import type { WeightsReport } from '#shared/contract'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { readWeights } from '#formats/weights-file'
import { type CheckpointState, saveCheckpoint } from '#storage/run/checkpoint'
import { fitWeights } from './fit'

/** Weights from elsewhere as those of a model of ours. */
export interface Imported {
  /** The settings that the file tells, and the changes to them. */
  hyperparameters: Hyperparameters
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
 * Reads a .pth or safetensors file. `save` writes the weights into a run's folder as its checkpoint of step 0, told how
 * many images the run trains on: so the run can be looked at, evaluated, exported, trained on, or be the start of others.
 * Throws AppError weights-unreadable, weights-misfit or bad-settings.
 */
export async function importWeights(
  file: string,
  changes: Partial<Hyperparameters>,
): Promise<Imported & { save(folder: string, images: number): Promise<void> }> {
  const { h, weights, report } = fitWeights(await readWeights(file), changes)
  return {
    hyperparameters: h,
    report,
    save: (folder, images) =>
      saveCheckpoint(folder, { weights, optimizer: {}, state: atTheStart(images, h) }),
  }
}
