import path from 'node:path'
import { AppError } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { clusterResources } from '#platform/paths'
import { outputOf, startProgram } from '#platform/programs'
import { interpreter } from '#platform/python'
import type { Check } from './checks'
import { limits } from './limits'
import { referenceSettings } from './pretraining'

/** Compares the PyTorch module with a folder of reference data as `verifyReference` does our own model. */
export async function verifyTwin(folder: string, changes: Partial<Hyperparameters> = {}): Promise<Check[]> {
  const h = { ...referenceSettings(folder), ...changes }
  const { forward, gradient, training } = limits.float32
  const tolerances = { forward, gradient, loss: training }
  return JSON.parse(
    await runTwin('verify.py', path.resolve(folder), JSON.stringify(h), JSON.stringify(tolerances)),
  )
}

/** What a program of the module prints. Throws AppError engine-unavailable where it fails. */
async function runTwin(program: string, ...parameters: string[]): Promise<string> {
  const child = startProgram(interpreter(), ['-B', path.join(clusterResources(), program), ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { code, output, errors } = await outputOf(child)
  if (code === 0) return output.toString()
  throw new AppError(
    'engine-unavailable',
    `${program} ended with code ${code}: ${errors.trim().split('\n').at(-1)}`,
  )
}
