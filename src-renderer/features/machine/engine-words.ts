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
  pytorch: 'Trains on all NVIDIA GPUs of this machine',
}

/** Whether it is a download of its own, and can be removed. */
export const isDownload = ({ id }: EngineInfo) => id === 'tensorflow' || id === 'pytorch'

export function hintOf({ id, status, proof, problem, recommendation }: EngineInfo): string {
  if (status === 'unusable' && problem) return problem.message
  if (proof?.software) return 'No GPU here: software rendering'
  return recommendation?.recommended ? 'Recommended' : (hints[id] ?? '')
}

/** Which engine new runs use, and why it is that one. */
export function choiceOf(selected: EngineInfo | undefined, isAutomatic: boolean): string {
  if (!selected) return ''
  const reason = selected.recommendation?.recommended ? ` ${selected.recommendation.reason}` : ''
  if (isAutomatic) return `New runs use ${selected.title}, chosen by itself.${reason}`
  return `New runs use ${selected.title}, which you chose.${reason}`
}

/** What an engine that is to be installed would gain over the one in use, in words; null where that is nothing. */
export function gainOf(engine: EngineInfo | undefined, selected: EngineInfo | undefined): string | null {
  if (!engine?.install) return null
  if (engine.install.gpu) return 'trains on your NVIDIA GPU'
  const gain = (engine.expectedImagesPerSecond ?? 0) / (selected?.proof?.imagesPerSecond ?? Infinity)
  return gain > 1.1 ? `is about ${gain.toFixed(1)} times as fast here` : null
}

/** The one thing that a row offers; null where there is nothing left to do. */
export function actionOf({ status, selected }: EngineInfo): 'install' | 'use' | 'test' | 'fix' | null {
  if (status === 'absent') return 'install'
  if (status === 'unproven') return 'test'
  if (status === 'unusable') return 'fix'
  return status === 'usable' && !selected ? 'use' : null
}
