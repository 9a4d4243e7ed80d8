import { AppError } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { encodeSafetensors } from '#formats/safetensors'
import { chooseStep, readCheckpointTensors } from './checkpoint'
import { type InitialWeights, readRun } from './run-folder'
import { weightShapes } from '#model/objectives/index'

/**
 * The weights of a run's checkpoint, the newest where no step is given, for a new run with settings `h` to begin with.
 * Throws AppError checkpoint-missing, checkpoint-corrupt, or bad-settings where the models differ.
 */
export async function initialFrom(
  folder: string,
  h: Hyperparameters,
  step?: number,
): Promise<InitialWeights> {
  const run = await readRun(folder)
  const chosen = await chooseStep(folder, step)
  const { tensors, metadata } = await readCheckpointTensors(folder, chosen, 'weights.safetensors')
  for (const [name, shape] of Object.entries(weightShapes(h))) {
    const found = tensors[name]?.shape
    if (found?.join() !== shape.join())
      throw new AppError(
        'bad-settings',
        `The weights of ${run.name} do not fit these settings: ${name} is ${found ? `[${found}]` : 'not there'}, the model needs [${shape}].`,
        'Keep the settings of the group Model as they were.',
      )
  }
  return {
    weights: encodeSafetensors(tensors, metadata),
    origin: { run: run.id, name: run.name, step: chosen },
  }
}
