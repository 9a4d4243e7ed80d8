import { readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { Checkpoint } from '#shared/contract'
import { AppError } from '#shared/errors'
import { decodeSafetensors, encodeSafetensors } from '#formats/safetensors'
import type { NamedTensorData } from '#model/tensor/step'
import { readChecked, bytesOf, writeFolderSafely } from '#storage/files'
import { migrateCheckpoint, runFormat } from './format'
import { type Retention, stepsToRemove } from './retention'
import { readRun, runPaths } from './run-folder'

/** The place in the run that a checkpoint's state.json holds. Random numbers are counted from it and need no state. */
export const checkpointStateSchema = z.object({
  step: z.int(),
  epoch: z.number(),
  /** The next batch, counted from the start of the run in epochs of `batchesPerEpoch`. */
  batch: z.int(),
  batchesPerEpoch: z.int(),
  /** Its place among the regular checkpoints; null where a pause made it. */
  number: z.int().nullable(),
  /** The newest loss on held-out images since the regular checkpoint before; without such images the mean loss. */
  loss: z.number().nullable(),
  /** What the next such loss is made of so far. */
  interval: z.object({ sum: z.number(), steps: z.int(), validation: z.number().nullable() }),
  /** The lowest such loss so far, and how many regular checkpoints ago. */
  best: z.object({ loss: z.number(), checkpointsAgo: z.int() }).nullable(),
  seconds: z.number(),
  savedAt: z.string(),
})
export type CheckpointState = z.infer<typeof checkpointStateSchema>

/** Weights under the authors' names, what the optimizer keeps beside them, and the place in the run. */
export interface SavedCheckpoint {
  weights: NamedTensorData
  optimizer: NamedTensorData
  state: CheckpointState
}

/** Writes checkpoints/<step> whole or not at all, with checksums. */
export const saveCheckpoint = (
  folder: string,
  { weights, optimizer, state }: SavedCheckpoint,
  format = runFormat,
) =>
  writeFolderSafely(runPaths(folder).checkpoint(state.step), {
    'weights.safetensors': encodeSafetensors(weights, { format: 'pt', step: String(state.step) }),
    'optimizer.safetensors': encodeSafetensors(optimizer, { step: String(state.step) }),
    'state.json': JSON.stringify({ format, ...state }, null, 2),
  })

/** A file of a checkpoint as it was written. Throws AppError checkpoint-missing or checkpoint-corrupt. */
export async function readCheckpointFile(folder: string, step: number, name: string): Promise<Buffer> {
  return readChecked(runPaths(folder).checkpoint(step), name).catch((error: NodeJS.ErrnoException) => {
    const missing = error.code === 'ENOENT'
    throw new AppError(
      missing ? 'checkpoint-missing' : 'checkpoint-corrupt',
      `The checkpoint of step ${step} ${missing ? `has no ${name}` : `is damaged: ${error.message}`}.`,
      'Choose another one.',
    )
  })
}

/** Reads the checkpoint of a step and compares its checksums. Throws AppError checkpoint-missing, checkpoint-corrupt or format-newer. */
export async function loadCheckpoint(folder: string, step: number): Promise<SavedCheckpoint> {
  const tensors = async (name: string) =>
    decodeSafetensors(await readCheckpointFile(folder, step, name)).tensors as NamedTensorData
  return {
    weights: await tensors('weights.safetensors'),
    optimizer: await tensors('optimizer.safetensors'),
    state: await loadState(folder, step),
  }
}

const loadState = async (folder: string, step: number): Promise<CheckpointState> =>
  checkpointStateSchema.parse(
    migrateCheckpoint(JSON.parse((await readCheckpointFile(folder, step, 'state.json')).toString())),
  )

/**
 * The newest checkpoint that can be read, or null where there is none. Each one that cannot is told to `onDamaged`
 * and set aside as <step>.damaged. Throws AppError format-newer, and leaves those of a newer version alone.
 */
export async function loadNewestCheckpoint(
  folder: string,
  onDamaged: (step: number, error: unknown) => void,
): Promise<SavedCheckpoint | null> {
  for (const step of (await checkpointSteps(folder)).reverse())
    try {
      return await loadCheckpoint(folder, step)
    } catch (error) {
      if (error instanceof AppError && error.code === 'format-newer') throw error
      onDamaged(step, error)
      const place = runPaths(folder).checkpoint(step)
      await rm(`${place}.damaged`, { recursive: true, force: true })
      await rename(place, `${place}.damaged`)
    }
  return null
}

/** The steps that have a checkpoint, in order. */
export async function checkpointSteps(folder: string): Promise<number[]> {
  const names = await readdir(runPaths(folder).checkpoints).catch(() => [])
  return names
    .filter((name) => /^\d{8,}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/** The step of a run's newest checkpoint; null where there is none. */
export const newestStep = async (folder: string): Promise<number | null> =>
  (await checkpointSteps(folder)).at(-1) ?? null

/**
 * The one rule for which checkpoint is meant: that of the step `wanted`, else the newest. Throws AppError run-missing, or
 * checkpoint-missing with the steps that there are.
 */
export async function chooseStep(folder: string, wanted?: number): Promise<number> {
  const { name } = await readRun(folder)
  const steps = await checkpointSteps(folder)
  const step = wanted ?? steps.at(-1)
  if (step !== undefined && steps.includes(step)) return step
  throw new AppError(
    'checkpoint-missing',
    wanted === undefined ? `${name} has no checkpoint yet.` : `${name} has no checkpoint of step ${wanted}.`,
    steps.length ? `Choose one of these steps: ${steps.join(', ')}.` : 'Train it until it saves one.',
  )
}

/** The checkpoints with their sizes and reconstructions, oldest first; without those whose place cannot be read. */
export async function listCheckpoints(folder: string): Promise<Checkpoint[]> {
  const found = (await checkpointSteps(folder)).map((step) => describeCheckpoint(folder, step))
  return (await Promise.all(found)).flat()
}

async function describeCheckpoint(folder: string, step: number): Promise<Checkpoint[]> {
  const paths = runPaths(folder)
  const state = await loadState(folder, step).catch(() => null)
  if (!state) return []
  const images = await readdir(paths.reconstructions(step)).catch(() => [])
  return [
    {
      step,
      number: state.number,
      epoch: state.epoch,
      loss: state.loss,
      bytes: await bytesOf(paths.checkpoint(step)),
      savedAt: state.savedAt,
      reconstructions: images
        .filter((name) => /^\d+\.png$/.test(name))
        .sort()
        .map((name) => `reconstruction/${path.basename(folder)}/${step}/${name}`),
    },
  ]
}

/** Removes the checkpoints that the rule does not keep, with their reconstructions. */
export async function pruneCheckpoints(folder: string, rule: Retention): Promise<void> {
  const paths = runPaths(folder)
  for (const step of stepsToRemove(await listCheckpoints(folder), rule))
    for (const place of [paths.checkpoint(step), paths.reconstructions(step)])
      await rm(place, { recursive: true, force: true })
}

/** Removes the checkpoints that were set aside because they could not be read. */
export async function removeDamaged(folder: string): Promise<void> {
  const { checkpoints } = runPaths(folder)
  for (const name of await readdir(checkpoints).catch(() => []))
    if (name.endsWith('.damaged')) await rm(path.join(checkpoints, name), { recursive: true, force: true })
}
