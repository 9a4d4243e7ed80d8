import type { EngineInfo } from '../../src-shared/contract'
import { AppError } from '../../src-shared/errors'
import type { Engine } from './engine'
import { OnnxEngine } from './onnx/session'

/** Opens the engine `id`. `threads` 0 lets the engine choose. Throws AppError engine-unavailable. */
export async function createEngine(id: string, { threads }: { threads: number }): Promise<Engine> {
  if (id === 'onnxruntime-cpu') return new OnnxEngine(threads)
  throw new AppError('engine-unavailable', `There is no engine "${id}".`, 'Choose onnxruntime-cpu.')
}

/** The engines that this version knows. */
export async function listEngines(): Promise<Omit<EngineInfo, 'selected'>[]> {
  return [
    {
      id: 'onnxruntime-cpu',
      title: 'ONNX Runtime, processor',
      description: 'Runs everywhere, needs nothing else. The whole training step as one optimised graph.',
      available: true,
      reason: null,
    },
  ]
}
