import { AppError } from '#shared/errors'
import { tensorflowAddon } from '#platform/paths'
import { type Division, type Engine, type Precision, undivided } from './engine'
import { OnnxEngine, type OnnxOptions, processor, type Provider } from './onnx/session'
import { onProcessor, TensorflowEngine } from './tensorflow/engine'
import { requireTensorflow } from './tensorflow/installed'

/** An engine as a person chooses it. */
export interface EngineChoice {
  id: string
  title: string
  description: string
  /** Systems that have it; all where it is missing. */
  platforms?: NodeJS.Platform[]
  provider?: Provider
  /** Only float32 where it is missing. */
  precisions?: Precision[]
}

export interface EngineOptions extends OnnxOptions {
  precision?: Precision
  /** That cores rather compute images of their own than share each operator, where the engine has to know. */
  coreEach?: boolean
}

/** The engines that this version knows, on whatever system. */
export const engineChoices: EngineChoice[] = [
  {
    id: 'onnxruntime-cpu',
    title: 'ONNX Runtime, processor',
    description: 'Runs everywhere, needs nothing else. The whole training step as one optimised graph.',
    provider: 'cpu',
  },
  {
    id: 'onnxruntime-webgpu',
    title: 'ONNX Runtime, WebGPU',
    description:
      'Any GPU, by the system’s own graphics driver: Vulkan, Direct3D 12 or Metal. Weights stay on the GPU between steps.',
    provider: 'webgpu',
  },
  {
    id: 'onnxruntime-directml',
    title: 'ONNX Runtime, DirectML',
    description: 'Any GPU on Windows, by Direct3D 12. Weights travel to the GPU and back with every step.',
    platforms: ['win32'],
    provider: 'dml',
  },
  {
    id: 'onnxruntime-coreml',
    title: 'ONNX Runtime, Core ML',
    description: 'GPU and neural engine of a Mac. Weights travel there and back with every step.',
    platforms: ['darwin'],
    provider: 'coreml',
  },
  {
    id: 'onnxruntime-cuda',
    title: 'ONNX Runtime, CUDA',
    description:
      'NVIDIA GPUs on Linux. Needs CUDA 12, cuDNN 9 and onnxruntime’s CUDA libraries, which npm does not bring along. Weights travel to the GPU and back with every step.',
    platforms: ['linux'],
    provider: 'cuda',
  },
  {
    id: 'tensorflow',
    title: 'TensorFlow',
    description:
      'TensorFlow by tfjs-node, on the processor or an NVIDIA GPU. The whole training step as one graph. A download of its own.',
    precisions: ['float32', 'bfloat16'],
  },
]

/** What an engine can round the factors of products to. */
export const precisionsOf = ({ precisions = ['float32'] }: EngineChoice) => precisions

/** The choice `id`. Throws AppError engine-unavailable where there is none, or none of that precision. */
export function engineChoice(id: string, precision: Precision = 'float32'): EngineChoice {
  const choice = engineChoices.find((engine) => engine.id === id)
  if (choice && precisionsOf(choice).includes(precision)) return choice
  if (choice)
    throw new AppError(
      'engine-unavailable',
      `${choice.title} computes in 32 bits only.`,
      'Set the precision to float32, or use the engine TensorFlow.',
    )
  const ids = engineChoices.map((engine) => engine.id).join(', ')
  throw new AppError('engine-unavailable', `There is no engine "${id}".`, `Choose one of ${ids}.`)
}

/**
 * Opens the engine `id`. `threads` 0 lets the engine choose. An engine for a device may find only when it compiles
 * that it can not work here. Throws AppError engine-unavailable.
 */
export async function createEngine(
  id: string,
  { precision = 'float32', coreEach = false, ...options }: EngineOptions,
): Promise<Engine> {
  const { title, platforms, provider } = engineChoice(id, precision)
  if (platforms && !platforms.includes(process.platform))
    throw new AppError('engine-unavailable', `${title} is not for this system.`)
  if (provider) return new OnnxEngine(id, provider, options)
  const { gpu } = await requireTensorflow('sizes')
  return new TensorflowEngine(tensorflowAddon(), { ...options, gpu, precision, coreEach })
}

/** How the engine `id` divides a batch, as far as it is known before it is opened. */
export async function divisionOf(
  id: string,
  { threads, coreEach }: { threads: number; coreEach: boolean },
): Promise<Division> {
  if (id === 'onnxruntime-cpu') return processor(threads)
  const installed = id === 'tensorflow' && (await requireTensorflow('sizes').catch(() => null))
  return installed && !installed.gpu ? onProcessor(threads, coreEach) : undivided
}
