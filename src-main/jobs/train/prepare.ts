import { existsSync, readFileSync, rmSync } from 'node:fs'
import { AppError } from '#shared/errors'
import { requireImages } from '#images/batches'
import { type Manifest, readImages } from '#images/manifest'
import { removeLeftovers } from '#storage/files'
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
  for (const place of [folder, checkpoints, reconstructionsRoot, failures]) await removeLeftovers(place)
  requested(folder)
  return images
}

/** What another program asks; it is asked once. */
export function requested(folder: string): Control['stop'] {
  const file = runPaths(folder).request
  if (!existsSync(file)) return null
  const asked = readFileSync(file, 'utf8')
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
