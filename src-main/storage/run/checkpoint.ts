import { rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { Checkpoint } from '#shared/contract'
import { AppError } from '#shared/errors'
import { encodeSafetensors, type SafetensorsContents } from '#formats/safetensors'
import type { NamedTensorData } from '#model/tensor/step'
import { bytesOf, Damaged, readChecked, readCheckedTensors, writeFolderSafely } from '#storage/files'
import { reasonOf } from '#shared/system-errors'
import { freeName } from '#storage/free-name'
import { entriesOf, foldersIn, isMissing } from '#storage/own-files'
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
  writeFolderSafely(
    runPaths(folder).checkpoint(state.step),
    {
      'weights.safetensors': encodeSafetensors(weights, { format: 'pt', step: String(state.step) }),
      'optimizer.safetensors': encodeSafetensors(optimizer, { step: String(state.step) }),
      'state.json': JSON.stringify({ format, ...state }, null, 2),
    },
    true,
  )

/** Tensors of a checkpoint as they were written. Throws AppError checkpoint-missing, checkpoint-corrupt or file-unusable. */
export const readCheckpointTensors = (
  folder: string,
  step: number,
  name: 'weights.safetensors' | 'optimizer.safetensors',
): Promise<SafetensorsContents> =>
  readCheckedTensors(runPaths(folder).checkpoint(step), name).catch((error: unknown) => {
    const isForm = error instanceof AppError && error.code === 'checkpoint-corrupt'
    throw unusable(step, name, isForm ? wrongForm(name, error) : error)
  })

/**
 * What is wrong with a file of a checkpoint. That the system cannot read it now says nothing of what it holds: only a checksum
 * or a form that is another means damage.
 */
function unusable(step: number, name: string, error: unknown): AppError {
  if (error instanceof AppError) return error
  const which = `The checkpoint of step ${step}`
  const message = reasonOf(error)
  if (isMissing(error))
    return new AppError('checkpoint-missing', `${which} has no ${name}.`, 'Choose another one.')
  if (error instanceof Damaged)
    return new AppError('checkpoint-corrupt', `${which} is damaged: ${message}.`, 'Choose another one.')
  return new AppError(
    'file-unusable',
    `${which} cannot be read now: ${message}.`,
    'Nothing was changed. Look whether its disk is there and readable and memory is left, then try again.',
  )
}

const wrongForm = (name: string, error: unknown) =>
  error instanceof AppError && error.code === 'format-newer'
    ? error
    : new Damaged(`${name} has another form: ${reasonOf(error)}`)

/**
 * Reads the checkpoint of a step and compares its checksums. Throws AppError checkpoint-missing, checkpoint-corrupt,
 * file-unusable or format-newer.
 */
export async function loadCheckpoint(folder: string, step: number): Promise<SavedCheckpoint> {
  const { tensors: weights } = await readCheckpointTensors(folder, step, 'weights.safetensors')
  const { tensors: optimizer } = await readCheckpointTensors(folder, step, 'optimizer.safetensors')
  return {
    weights: weights as NamedTensorData,
    optimizer: optimizer as NamedTensorData,
    state: await loadState(folder, step),
  }
}

async function loadState(folder: string, step: number): Promise<CheckpointState> {
  const name = 'state.json'
  const bytes = await readChecked(runPaths(folder).checkpoint(step), name).catch((error: unknown) => {
    throw unusable(step, name, error)
  })
  try {
    return checkpointStateSchema.parse(migrateCheckpoint(JSON.parse(bytes.toString())))
  } catch (error) {
    throw unusable(step, name, wrongForm(name, error))
  }
}

/**
 * The newest checkpoint that is whole, or null where there is none. Each one that is not is told to `onDamaged` and set aside
 * as <step>.damaged. Throws AppError format-newer or file-unusable where one cannot be read: it stays as it is, and none
 * before it is taken in its place.
 */
export async function loadNewestCheckpoint(
  folder: string,
  onDamaged: (step: number, error: unknown) => void,
): Promise<SavedCheckpoint | null> {
  for (const step of (await checkpointSteps(folder)).reverse())
    try {
      return await loadCheckpoint(folder, step)
    } catch (error) {
      const isDamaged =
        error instanceof AppError && ['checkpoint-corrupt', 'checkpoint-missing'].includes(error.code)
      if (!isDamaged) throw error
      onDamaged(step, error)
      const place = runPaths(folder).checkpoint(step)
      await rename(place, await freeName(path.dirname(place), path.basename(place), damagedEnding))
    }
  return null
}

const damagedEnding = '.damaged'

/** The checkpoints that were set aside since they were damaged. */
export const damagedCheckpoints = async (folder: string): Promise<string[]> =>
  (await foldersIn(runPaths(folder).checkpoints)).filter((name) => name.endsWith(damagedEnding)).sort()

/** The steps that have a checkpoint, in order. */
export async function checkpointSteps(folder: string): Promise<number[]> {
  const names = await foldersIn(runPaths(folder).checkpoints)
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
  return [
    {
      step,
      number: state.number,
      epoch: state.epoch,
      loss: state.loss,
      bytes: await bytesOf(paths.checkpoint(step)),
      savedAt: state.savedAt,
      reconstructions: await reconstructionsOf(folder, step),
    },
  ]
}

async function reconstructionsOf(folder: string, step: number): Promise<string[]> {
  const images = await entriesOf(runPaths(folder).reconstructions(step))
  return images
    .map(({ name }) => name)
    .filter((name) => /^\d+\.png$/.test(name))
    .sort()
    .map((name) => `reconstruction/${path.basename(folder)}/${step}/${name}`)
}

/** The first reconstruction of the newest checkpoint; null where there is none. */
export async function newestReconstruction(folder: string): Promise<string | null> {
  const step = await newestStep(folder)
  return step === null ? null : ((await reconstructionsOf(folder, step))[0] ?? null)
}

/** Removes the checkpoints that the rule does not keep, with their reconstructions. */
export async function pruneCheckpoints(folder: string, rule: Retention): Promise<void> {
  await removeCheckpoints(folder, await toPrune(folder, rule))
}

/** Bytes that this would free. */
export async function prunableBytes(folder: string, rule: Retention): Promise<number> {
  const places = (await toPrune(folder, rule)).flatMap((step) => placesOf(folder, step))
  const sizes = await Promise.all(places.map(bytesOf))
  return sizes.reduce((sum, size) => sum + size, 0)
}

const toPrune = async (folder: string, rule: Retention) => stepsToRemove(await listCheckpoints(folder), rule)

/** Where a checkpoint and its reconstructions lie. */
function placesOf(folder: string, step: number): string[] {
  const paths = runPaths(folder)
  return [paths.checkpoint(step), paths.reconstructions(step)]
}

/** Removes the checkpoints of some steps, with their reconstructions. */
export async function removeCheckpoints(folder: string, steps: number[]): Promise<void> {
  for (const place of steps.flatMap((step) => placesOf(folder, step)))
    await rm(place, { recursive: true, force: true })
}
