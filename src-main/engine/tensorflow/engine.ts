import { cpus } from 'node:os'
import { AppError } from '#shared/errors'
import type { NamedTensorData, StepFunction, TensorSpec } from '#model/tensor/step'
import type { Vectors } from '#model/tensor/vectors'
import { type Precision, unscaledPrecisions } from '#shared/settings/precision'
import { forbidTf32 } from '#engine/cuda'
import { type Device, type Division, type Engine, type State, undivided } from '#engine/engine'
import { Addon } from './addon'
import { GraphProgram } from './program'
import { GraphState } from './state'

let loaded: Addon | undefined

/** Cores that each get a branch of their own: what TensorFlow takes to prepare a graph grows with it. More share operators. */
const mostBranches = 4

/** As test/bench/step found: what a core's caches hold, and what cores that share operators do best with. */
const fastest = { core: 4e6, cores: 8e6 }

/** For a CPU, with `coreEach` as EngineOptions has it. */
export function onCpu(threads: number, coreEach: boolean): Division {
  const cores = threads || cpus().length
  const hasBranches = coreEach && cores <= mostBranches
  return hasBranches
    ? { fastestBytes: fastest.core, lanes: 1, branches: cores }
    : { fastestBytes: fastest.cores, lanes: 1, branches: 1 }
}

/** The `tensorflow` engine: a step becomes one graph, which a session of TensorFlow runs. */
export class TensorflowEngine implements Engine {
  readonly id = 'tensorflow'
  readonly device: Device
  private readonly addon: Addon
  private readonly precision: Precision

  /**
   * On tfjs-node's native addon `file`; see Addon.load. Throws AppError engine-unavailable where the addon is the one for a
   * `gpu` and finds none.
   */
  constructor(
    file: string,
    options: { threads: number; gpu: boolean; precision: Precision; coreEach: boolean },
  ) {
    const { gpu, precision, coreEach } = options
    const threads = options.threads || cpus().length
    const division = gpu ? undivided : onCpu(threads, coreEach)
    if (gpu && precision === 'float32') forbidTf32()
    const operator = division.branches > 1 ? 1 : threads
    this.addon = loaded ??= Addon.load(file, { operator, operators: threads })
    this.precision = precision
    const { usesGpu } = this.addon
    if (gpu && !usesGpu)
      throw new AppError(
        'engine-unavailable',
        'TensorFlow for NVIDIA GPUs finds none, and would compute on the CPU.',
        'Update the driver; nvidia-smi shows whether it finds the GPU. Or install TensorFlow for the CPU: saim engines install tensorflow',
      )
    this.device = {
      name: usesGpu ? 'GPU' : (cpus()[0]?.model ?? 'CPU'),
      software: false,
      precisions: usesGpu ? unscaledPrecisions : ['float32', 'bfloat16'],
      ...division,
      vectorSize: 0,
    }
  }

  createState = (values: NamedTensorData, vectors: Vectors = {}) =>
    new GraphState(this.addon, values, vectors)

  compile = (step: StepFunction, state: State, inputs: Record<string, TensorSpec>) =>
    GraphProgram.compile(this.addon, step, state as GraphState, inputs, this.precision)
}
