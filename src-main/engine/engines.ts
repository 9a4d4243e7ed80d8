import { AppError } from '#shared/errors'
import { setEnvironment } from '#platform/environment'
import { tensorflowAddon } from '#platform/paths'
import type { DeviceChoice } from '#shared/settings/hyperparameters'
import { type Precision, precisions, unscaledPrecisions } from '#shared/settings/precision'
import { listedAll } from '#shared/words'
import { onGpu } from './cuda'
import { type Division, type Engine, undivided } from './engine'
import type { Installation } from './installation'
import { hasNvidiaDriver, readGpus } from './nvidia'
import { cpu, type ProviderName } from './onnx/providers'
import { OnnxEngine, type OnnxOptions } from './onnx/session'
import { graphicsName } from './onnx/vulkan'
import { pytorch } from './pytorch/install'
import { onCpu, TensorflowEngine } from './tensorflow/engine'
import { installHere, installTensorflow, planInstall, removeTensorflow } from './tensorflow/install'
import { installedTensorflow, requireTensorflow } from './tensorflow/installed'

/** An engine as a person chooses it. */
export interface EngineChoice {
  id: string
  title: string
  description: string
  /** Systems that have it; all where it is missing. */
  platforms?: NodeJS.Platform[]
  /** Of onnxruntime. */
  provider?: ProviderName
  precisions: readonly Precision[]
  /** Of one that does not come along. */
  installation?: Installation
  /** Whether what it computes on is here, so that it may be the fastest. */
  isHere(): boolean
  /** Whether it computes on a GPU, with memory of its own. */
  isOnDevice(): Promise<boolean>
  /** Whether it computes on NVIDIA GPUs, of which one can be chosen. */
  takesGpus(): Promise<boolean>
  /**
   * An engine for a device may find only when it compiles that it cannot work here. Missing where a program of its own trains
   * runs from end to end, and does nothing else: resources/cluster.
   */
  open?(options: EngineOptions): Promise<Engine>
  /** How it divides a batch, as far as that is known before it is opened. */
  division(options: Pick<EngineOptions, 'threads' | 'coreEach'>): Promise<Division>
}

export interface EngineOptions extends OnnxOptions {
  /** That cores rather compute images of their own than share each operator, where the engine has to know. */
  coreEach?: boolean
  /** The GPU, where there are several. */
  device?: DeviceChoice
}

type Words = Pick<EngineChoice, 'title' | 'description' | 'platforms'>

const isHere: Record<ProviderName, () => boolean> = {
  cpu: () => true,
  webgpu: () => graphicsName() !== null,
  dml: () => true,
  coreml: () => true,
  cuda: hasNvidiaDriver,
}

const onnxruntime = (
  id: string,
  provider: ProviderName,
  precisions: readonly Precision[],
  words: Words,
): EngineChoice => ({
  id,
  provider,
  ...words,
  precisions,
  isHere: isHere[provider],
  isOnDevice: async () => provider !== 'cpu' && isHere[provider](),
  takesGpus: async () => provider === 'cuda',
  open: async (options) => new OnnxEngine(id, provider, options),
  division: async ({ threads }) => (provider === 'cpu' ? cpu(threads) : undivided),
})

/** Whether the TensorFlow that is installed is for NVIDIA GPUs. */
const isForGpu = async () => (await requireTensorflow('sizes').catch(() => null))?.gpu ?? false

/** The engines that this version knows, on whatever system: a new one is an entry here and what it opens. */
export const engineChoices: EngineChoice[] = [
  onnxruntime('onnxruntime-cpu', 'cpu', ['float32'], {
    title: 'ONNX Runtime, CPU',
    description: 'Runs everywhere, needs nothing else. The whole training step as one optimised graph.',
  }),
  onnxruntime('onnxruntime-webgpu', 'webgpu', ['float32'], {
    title: 'ONNX Runtime, WebGPU',
    description:
      'Any GPU, through the system’s graphics driver: Vulkan, Direct3D 12 or Metal. Weights stay on the GPU between steps.',
  }),
  onnxruntime('onnxruntime-directml', 'dml', ['float32'], {
    title: 'ONNX Runtime, DirectML',
    description:
      'Any GPU on Windows, through Direct3D 12. Weights travel to the GPU and back with every step.',
    platforms: ['win32'],
  }),
  onnxruntime('onnxruntime-coreml', 'coreml', ['float32'], {
    title: 'ONNX Runtime, Core ML',
    description: 'GPU and neural engine of a Mac. Weights travel there and back with every step.',
    platforms: ['darwin'],
  }),
  onnxruntime('onnxruntime-cuda', 'cuda', unscaledPrecisions, {
    title: 'ONNX Runtime, CUDA',
    description:
      'NVIDIA GPUs on Linux. Needs CUDA 12, cuDNN 9 and onnxruntime’s CUDA libraries, which npm does not bring along. Weights travel to the GPU and back with every step.',
    platforms: ['linux'],
  }),
  {
    id: 'tensorflow',
    title: 'TensorFlow',
    description:
      'TensorFlow through tfjs-node, on the CPU or an NVIDIA GPU. The whole training step as one graph. A separate download.',
    precisions: unscaledPrecisions,
    installation: {
      installed: installedTensorflow,
      here: installHere,
      plan: planInstall,
      install: async (options, say) => installTensorflow(await planInstall(options), say),
      remove: removeTensorflow,
    },
    isHere: () => true,
    isOnDevice: isForGpu,
    takesGpus: isForGpu,
    async open({ precision = 'float32', coreEach = false, ...options }) {
      const { gpu } = await requireTensorflow('sizes')
      return new TensorflowEngine(tensorflowAddon(), { ...options, gpu, precision, coreEach })
    },
    async division({ threads, coreEach = false }) {
      const installed = await requireTensorflow('sizes').catch(() => null)
      return installed && !installed.gpu ? onCpu(threads, coreEach) : undivided
    },
  },
  {
    id: 'pytorch',
    title: 'PyTorch',
    description:
      'Trains runs by a worker for each NVIDIA GPU, else on the CPU. Evaluations and all else use another engine. A separate download.',
    precisions,
    installation: pytorch,
    isHere: hasNvidiaDriver,
    isOnDevice: async () => hasNvidiaDriver(),
    takesGpus: async () => true,
    division: async () => undivided,
  },
]

/** The choice `id`. Throws AppError engine-unavailable where there is none, or none of that precision. */
export function engineChoice(id: string, precision: Precision = 'float32'): EngineChoice {
  const choice = engineChoices.find((engine) => engine.id === id)
  if (choice?.precisions.includes(precision)) return choice
  if (choice)
    throw new AppError(
      'engine-unavailable',
      choice.precisions.length === 1
        ? `${choice.title} computes in 32 bits only.`
        : `${choice.title} does not train in ${precision}.`,
      'Set the precision to float32, or use another engine.',
    )
  const ids = engineChoices.map((engine) => engine.id).join(', ')
  throw new AppError('engine-unavailable', `There is no engine "${id}".`, `Choose one of ${ids}.`)
}

/** Throws AppError engine-unavailable where an engine has no such GPU here. */
export async function requireDevice(id: string, device: DeviceChoice): Promise<void> {
  if (device === 'auto') return
  const { title, takesGpus } = engineChoice(id)
  const all = 'Set the GPU to auto, or use another engine.'
  if (!(await takesGpus()))
    throw new AppError('engine-unavailable', `${title} has no GPUs to choose from.`, all)
  const gpus = await readGpus()
  if (gpus[Number(device)]) return
  const names = gpus.map(({ name }, number) => `${number} (${name})`)
  throw new AppError(
    'engine-unavailable',
    gpus.length === 0
      ? `There is no GPU ${device}: nvidia-smi finds none.`
      : `There is no GPU ${device}: nvidia-smi finds ${listedAll(names)}.`,
    gpus.length === 0 ? all : 'Choose one of those, or auto.',
  )
}

/** Opens the engine `id`. `threads` 0 lets the engine choose. Throws AppError engine-unavailable. */
export async function createEngine(id: string, options: EngineOptions): Promise<Engine> {
  const { title, platforms, open } = engineChoice(id, options.precision)
  if (platforms && !platforms.includes(process.platform))
    throw new AppError('engine-unavailable', `${title} is not for this system.`)
  if (!open)
    throw new AppError('engine-unavailable', `${title} trains runs and nothing else.`, 'Use another engine.')
  setEnvironment(onGpu(options.device ?? 'auto'))
  return open(options)
}
