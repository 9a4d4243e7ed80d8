import { createRequire } from 'node:module'
import { AppError } from '#shared/errors'

type Runtime = typeof import('onnxruntime-node')

const load = createRequire(__filename)
let loaded: Runtime | undefined

/**
 * onnxruntime, loaded when something is first computed by it: where there is no binary of it for the system, all else works.
 * Throws AppError engine-unavailable there.
 */
export function onnxruntime(): Runtime {
  try {
    return (loaded ??= load('onnxruntime-node') as Runtime)
  } catch (error) {
    throw new AppError(
      'engine-unavailable',
      `onnxruntime cannot be loaded: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
      'Use another engine, where there is one for this machine: saim engines',
    )
  }
}
