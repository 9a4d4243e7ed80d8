import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../src-shared/errors'
import { decodeSafetensors, encodeSafetensors } from '../exporting/safetensors'
import type { NamedTensorData } from '../ops/step'
import { writeFolderSafely } from './files'
import { type CheckpointState, checkpointSteps, checkpointStateSchema, runPaths } from './run-folder'

/** Weights under the authors' names, what the optimizer keeps beside them, and the place in the run. */
export interface SavedCheckpoint {
  weights: NamedTensorData
  optimizer: NamedTensorData
  state: CheckpointState
}

/** Writes checkpoints/<step> whole or not at all. */
export async function saveCheckpoint(folder: string, { weights, optimizer, state }: SavedCheckpoint) {
  await mkdir(runPaths(folder).checkpoints, { recursive: true })
  await writeFolderSafely(runPaths(folder).checkpoint(state.step), {
    'weights.safetensors': encodeSafetensors(weights, { format: 'pt', step: String(state.step) }),
    'optimizer.safetensors': encodeSafetensors(optimizer, { step: String(state.step) }),
    'state.json': JSON.stringify(state, null, 2),
  })
}

/** Reads the checkpoint of a step. Throws AppError checkpoint-missing or checkpoint-corrupt. */
export async function loadCheckpoint(folder: string, step: number): Promise<SavedCheckpoint> {
  const read = (name: string) =>
    readFile(path.join(runPaths(folder).checkpoint(step), name)).catch(() => {
      throw new AppError(
        'checkpoint-missing',
        `The checkpoint of step ${step} has no ${name}.`,
        'Choose another one.',
      )
    })
  const tensors = async (name: string) => decodeSafetensors(await read(name)).tensors as NamedTensorData
  return {
    weights: await tensors('weights.safetensors'),
    optimizer: await tensors('optimizer.safetensors'),
    state: checkpointStateSchema.parse(JSON.parse((await read('state.json')).toString())),
  }
}

/**
 * The newest checkpoint that can be read, or null where there is none; each one that can not is told to `onDamaged`
 * and passed over.
 */
export async function loadNewestCheckpoint(
  folder: string,
  onDamaged: (step: number, error: unknown) => void,
): Promise<SavedCheckpoint | null> {
  for (const step of (await checkpointSteps(folder)).reverse())
    try {
      return await loadCheckpoint(folder, step)
    } catch (error) {
      onDamaged(step, error)
    }
  return null
}
