import { AppError } from '#shared/errors'
import { createEngine } from '#engine/engines'
import { CheckpointModel } from '#inference/checkpoint-model'
import { checkpointSteps } from '#storage/run/checkpoint'
import { folderOf } from '#cli/train'

/** Which checkpoint a command is about: a run by its id or folder, and a step, the newest where none is named. */
export interface CheckpointOptions {
  runs: string
  step?: number
  threads: number
}

/** Opens a checkpoint. Throws AppError run-missing or checkpoint-missing. */
export async function openCheckpoint(run: string, { runs, step, threads }: CheckpointOptions) {
  const folder = folderOf(run, runs)
  const steps = await checkpointSteps(folder)
  const chosen = step ?? steps.at(-1)
  if (chosen === undefined || !steps.includes(chosen))
    throw new AppError(
      'checkpoint-missing',
      step === undefined ? `${run} has no checkpoint yet.` : `${run} has no checkpoint of step ${step}.`,
      steps.length ? `Choose one of ${steps.join(', ')}.` : 'See `saim runs`; train it until it saves one.',
    )
  const engine = await createEngine('onnxruntime-cpu', { threads })
  const place = { folder, step: chosen }
  return { folder, step: chosen, engine, model: await CheckpointModel.open(engine, place) }
}
