import { createEngine } from '#engine/engines'
import { CheckpointModel } from '#inference/checkpoint-model'
import { chooseStep } from '#storage/run/checkpoint'
import { findRun } from '#storage/run/find'

/** Which checkpoint a command is about: a run, and a step, the newest where none is named. */
export interface CheckpointOptions {
  runs: string
  step?: number
  threads: number
}

/** Opens a checkpoint. Throws AppError run-missing or checkpoint-missing. */
export async function openCheckpoint(run: string, { runs, step, threads }: CheckpointOptions) {
  const folder = await findRun(run, runs)
  const chosen = await chooseStep(folder, step)
  const engine = await createEngine('onnxruntime-cpu', { threads })
  const place = { folder, step: chosen }
  return { folder, step: chosen, engine, model: await CheckpointModel.open(engine, place) }
}
