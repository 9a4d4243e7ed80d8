import { closeSync, constants, existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { type Cluster, runError } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { onGpu } from '#engine/cuda'
import { engineChoice } from '#engine/engines'
import { pytorchPython } from '#engine/pytorch/installed'
import { encodeSafetensors } from '#formats/safetensors'
import { clusterResources } from '#platform/paths'
import { outputOf, startProgram } from '#platform/programs'
import { file, interpreter, startPython } from '#platform/python'
import { newestStep, pruneCheckpoints } from '#storage/run/checkpoint'
import { bytesOf, writeFileSafely, writeFolderSafely } from '#storage/files'
import type { Lock } from '#storage/lock'
import { openOwnSync, readOwn } from '#storage/own-files'
import { type Control, lockLost, noteEngine, prepareFolder, requireNothingLost } from '#jobs/train/prepare'
import type { EndStatus, TrainingMessage } from '#jobs/train/messages'
import { requireShares } from './shares'
import { tailMetrics } from '#storage/run/metrics'
import { readRun, type RunFile, runPaths } from '#storage/run/run-folder'
import { initialWeights } from '#model/objectives/index'

/** How often the run folder is looked at, in milliseconds. */
const lookEvery = 300

/** The workers that train a run: those of its cluster, or of an engine that is a program of its own; null for all others. */
export const workersOf = ({ cluster, engine }: Pick<RunFile, 'cluster' | 'engine'>): Cluster | null =>
  cluster ?? (engineChoice(engine).open ? null : oneForEachGpu)

/** One without a GPU. */
const oneForEachGpu: Cluster = { launcher: 'torchrun', workers: 0, address: null }

/** The person's for a cluster, else that of the engine PyTorch. */
const pythonOf = (workers: Cluster) => (workers === oneForEachGpu && pytorchPython()) || interpreter()

/**
 * Trains the run of a folder as `train` does, but by workers: starts resources/cluster/launch.py in the Python that has what
 * they need, hands on what is asked, and tells what the workers write to the run folder. Whoever calls it holds the run's
 * lock. Throws AppError; the last checkpoint then stands.
 */
export async function trainOnCluster(
  folder: string,
  cluster: Cluster,
  control: Control,
  lock: Lock,
  tell: (message: TrainingMessage) => void,
): Promise<Exclude<EndStatus, 'failed'>> {
  const run = await readRun(folder)
  requireShares(run.hyperparameters, cluster)
  await requirePython(cluster)
  await prepareFolder(folder)
  const saved = await newestStep(folder)
  if (saved === null) {
    await requireNothingLost(folder, run)
    await writeInitialWeights(folder, run)
  }
  const engine = run.cluster ? `${cluster.launcher}, up to ${cluster.workers} workers` : run.engine
  await noteEngine(folder, { ...run, engine }, saved ?? 0)

  rmSync(runPaths(folder).outcome, { force: true })
  const launcher = launch(run, folder, cluster, lock)
  const follow = await follower(folder, tell)
  let abandoned = false
  while (!(await Promise.race([launcher.ended, pause(lookEvery)]))) {
    if (control.stop && !abandoned) {
      // Until the first workers are up, nobody would hear of it, and nothing can be lost.
      abandoned = (await readRun(folder)).status === 'starting'
      if (abandoned) launcher.end()
      // Again and again: the worker that heard of it may be lost before it has saved.
      else await writeFileSafely(runPaths(folder).request, control.stop)
    }
    await follow()
    if (!lock.isMine()) throw lockLost()
  }
  await follow()
  rmSync(runPaths(folder).request, { force: true })
  if (abandoned) return control.stop!
  return resultOf(folder, await launcher.ended)
}

/** Throws AppError engine-unavailable where the person's Python cannot start the workers. */
async function requirePython(cluster: Cluster): Promise<void> {
  const { launcher } = cluster
  const modules = ['numpy', 'PIL', 'safetensors', 'torch', ...(launcher === 'ray' ? ['ray.train'] : [])]
  const problem = await outputOf(
    startPython(`import ${modules.join(', ')}`, [], { program: pythonOf(cluster) }),
  ).then(
    ({ code, errors }) => (code === 0 ? null : errors.trim().split('\n').at(-1) || `code ${code}`),
    (error: Error) => error.message,
  )
  if (problem)
    throw new AppError(
      'engine-unavailable',
      `${pythonOf(cluster)} cannot train by ${launcher}: ${problem}.`,
      `Install what it needs with: ${pythonOf(cluster)} -m pip install -r ${path.join(clusterResources(), 'requirements.txt')}. Another Python is named by SAIM_PYTHON.`,
    )
}

/** Those that training on one machine begins with. */
async function writeInitialWeights(folder: string, { hyperparameters: h }: RunFile): Promise<void> {
  const { initial } = runPaths(folder)
  if (existsSync(initial)) return
  await writeFolderSafely(initial, { 'weights.safetensors': encodeSafetensors(initialWeights(h, h.seed)) })
}

/** Starts the launcher, whose words go into the run folder. `ended` resolves to how it ended; `end` has it end its workers. */
function launch({ hyperparameters: h }: RunFile, folder: string, cluster: Cluster, lock: Lock) {
  const { launcher, workers, address } = cluster
  const words = openOwnSync(
    runPaths(folder).launcher,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT,
  )
  const parameters = [
    '-B',
    path.join(clusterResources(), 'launch.py'),
    path.resolve(folder),
    launcher,
    workers,
  ]
  const child = startProgram(pythonOf(cluster), [...parameters.map(String), ...(address ? [address] : [])], {
    stdio: ['pipe', words, words],
    env: { SAIM_LOCK: lock.token, ...(launcher === 'torchrun' ? onGpu(h.device) : {}) },
  })
  closeSync(words)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`code ${code ?? signal}`))
  })
  return { ended, end: () => child.kill() }
}

/** Whether as many images as a worker computes at once fit in the memory of this machine. */
export async function fitsWorkers(
  folder: string,
  workers: Cluster,
  { batchSize, accumulation, device }: Pick<Hyperparameters, 'batchSize' | 'accumulation' | 'device'>,
): Promise<boolean> {
  const script = path.join(clusterResources(), 'fits.py')
  const parameters = [script, path.resolve(folder), String(batchSize), String(accumulation)]
  const child = startPython(file, parameters, { program: pythonOf(workers), env: onGpu(device) })
  return (await outputOf(child)).code === 0
}

/** Tells, at each call, what came to the run folder since the one before, and removes checkpoints that are not kept. */
async function follower(folder: string, tell: (message: TrainingMessage) => void) {
  const { hyperparameters: h } = await readRun(folder)
  let nextByte = await bytesOf(runPaths(folder).metrics)
  let newest = (await newestStep(folder)) ?? -1
  return async () => {
    const tail = await tailMetrics(folder, nextByte)
    nextByte = tail.nextByte
    const { totalSteps } = await readRun(folder)
    for (const metric of tail.metrics) tell({ type: 'progress', metric, totalSteps })
    const step = (await newestStep(folder)) ?? -1
    if (step <= newest) return
    newest = step
    await pruneCheckpoints(folder, h)
    tell({ type: 'checkpoint', step })
  }
}

const outcomeSchema = z.object({
  status: z.enum(['finished', 'paused', 'stopped', 'failed']),
  error: runError.nullable(),
})

/** What the workers said of their end. Throws AppError where they failed, or ended without a word. */
async function resultOf(folder: string, how: string): Promise<Exclude<EndStatus, 'failed'>> {
  const { outcome, launcher } = runPaths(folder)
  if (existsSync(outcome)) {
    const { status, error } = outcomeSchema.parse(JSON.parse(await readOwn(outcome)))
    rmSync(outcome)
    if (status !== 'failed') return status
    throw new AppError(error!.code, error!.message, error!.advice)
  }
  const words = await readOwn(launcher)
  throw new AppError(
    'worker-died',
    `The workers ended unexpectedly (${how}): ${words.trim().split('\n').at(-1)}`,
    `Look into ${launcher}. Resume continues from the newest checkpoint.`,
  )
}

const pause = (milliseconds: number) =>
  new Promise<null>((resolve) => setTimeout(() => resolve(null), milliseconds))
