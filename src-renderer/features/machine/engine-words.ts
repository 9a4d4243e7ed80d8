import type { EngineInfo } from '#shared/contract'

/** What the table of engines says of one. */

export function stateOf({ status, selected, proof }: EngineInfo): { word: string; dot: string } {
  if (status === 'proving') return { word: 'Testing', dot: 'run' }
  if (status === 'installing') return { word: 'Installing', dot: 'run' }
  if (status === 'absent') return { word: 'Not installed', dot: 'wait' }
  if (status === 'unproven') return { word: selected ? 'In use, not tested' : 'Not tested', dot: 'wait' }
  if (status === 'unusable') return { word: 'Unavailable', dot: 'bad' }
  if (selected) return { word: 'In use', dot: 'ok' }
  return proof?.software ? { word: 'Works, slow here', dot: 'warn' } : { word: 'Works', dot: 'ok' }
}

const hints: Record<string, string> = {
  'onnxruntime-cpu': 'Works everywhere',
  'onnxruntime-webgpu': 'Any GPU, by its graphics driver',
  'onnxruntime-directml': 'Any GPU on Windows',
  'onnxruntime-coreml': 'GPU and neural engine of a Mac',
  'onnxruntime-cuda': 'NVIDIA GPUs with CUDA 12',
  tensorflow: 'Fastest on most CPUs',
}

export function hintOf({ id, status, proof, problem, recommendation }: EngineInfo): string {
  if (status === 'unusable' && problem) return problem.message
  if (proof?.software) return 'No GPU here: software rendering'
  return recommendation?.recommended ? `Recommended. ${recommendation.reason}` : (hints[id] ?? '')
}

/** The one thing that a row offers; null where there is nothing left to do. */
export function actionOf({ status, selected }: EngineInfo): 'install' | 'use' | 'test' | 'fix' | null {
  if (status === 'absent') return 'install'
  if (status === 'unproven') return 'test'
  if (status === 'unusable') return 'fix'
  return status === 'usable' && !selected ? 'use' : null
}
