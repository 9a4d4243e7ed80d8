import { existsSync, rmSync } from 'node:fs'
import { AppError } from '#shared/errors'
import { requireImages } from '#images/batches'
import { type Manifest, readImages } from '#images/manifest'
import { removeLeftovers } from '#storage/files'
import { readOwnSync } from '#storage/own-files'
import { damagedCheckpoints } from '#storage/run/checkpoint'
import { readRun, type RunFile, runPaths, updateRun } from '#storage/run/run-folder'

/** What the outside can ask of a loop that runs. */
export interface Control {
  /** Set to end after the current step. */
  stop: 'paused' | 'stopped' | null
}

/** Looks whether the images of a run are there, answers their list, and clears away what earlier processes left behind. */
export async function prepareFolder(folder: string): Promise<Manifest> {
  const images = await readImages(folder)
  requireImages((await readRun(folder)).dataset.folder, images)
  const { checkpoints, reconstructionsRoot, failures } = runPaths(folder)
  await removeLeftovers(
    folder,
    /^(run|dataset|annotations)\.json(\.copy)?$|^(health\.jsonl|request|outcome\.json|initial)$/,
  )
  for (const place of [checkpoints, reconstructionsRoot, failures]) await removeLeftovers(place, /^\d{8,}$/)
  requested(folder)
  return images
}

/**
 * Refuses to begin a run anew that has learned something: its checkpoints are gone or damaged, its metrics are all that is left
 * of it. Throws AppError checkpoint-missing.
 */
export async function requireNothingLost(folder: string, { name, step }: RunFile): Promise<void> {
  const damaged = await damagedCheckpoints(folder)
  if (step === 0 && damaged.length === 0) return
  const why = damaged.length ? `those that were damaged are ${damaged.join(', ')}` : 'there are none'
  throw new AppError(
    'checkpoint-missing',
    `${name} has taken ${step} steps, but has no checkpoint to go on from: ${why}.`,
    'Put a whole checkpoint back into its folder "checkpoints", from a copy of the run, or start a new run. Nothing was changed.',
  )
}

/** What another program asks; it is asked once. */
export function requested(folder: string): Control['stop'] {
  const file = runPaths(folder).request
  if (!existsSync(file)) return null
  const asked = readOwnSync(file)
  rmSync(file)
  return asked === 'stopped' ? 'stopped' : 'paused'
}

/** Keeps in run.json which engine trains from which step on. */
export async function noteEngine(
  folder: string,
  { engine: id, engines }: Pick<RunFile, 'engine' | 'engines'>,
  fromStep: number,
): Promise<void> {
  const before = engines.filter((earlier) => earlier.fromStep < fromStep)
  if (before.at(-1)?.id === id) return
  await updateRun(folder, { engines: [...before, { id, fromStep, at: new Date().toISOString() }] })
}

export const lockLost = () =>
  new AppError('run-busy', 'Another process took this run over.', 'Look at it there; nothing is lost.')
