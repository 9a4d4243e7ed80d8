import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Precision } from '#shared/settings/precision'
import type { Engine } from '#engine/engine'
import type { Check } from './checks'
import { limits } from './limits'
import { verifyPretraining } from './pretraining'
import { verifyFineTuning, verifyProbe } from './recognition'
import { readManifest } from './reference-folder'

/**
 * Runs the model on a folder of reference data (docs/method.md) of pre-training, fine-tuning or a linear probe through
 * `engine`, which computes in `precision`, and compares every stage. `changes` are settings that must make no difference. Throws
 * AppError where the folder is not of that format.
 */
export async function verifyReference(
  folder: string,
  engine: Engine,
  changes: Partial<Hyperparameters> = {},
  precision: Precision = 'float32',
): Promise<Check[]> {
  const allowed = limits[precision]
  const manifest = readManifest(folder)
  if (manifest.kind === 'finetune') return verifyFineTuning(folder, manifest, engine, changes, allowed)
  if (manifest.kind === 'probe') return verifyProbe(folder, manifest, engine, allowed)
  return verifyPretraining(folder, engine, changes, allowed)
}
