import { cpus } from 'node:os'
import { AppError } from '../../../src-shared/errors'
import type { NamedTensorData, StepFunction, TensorSpec } from '../../ops/step'
import type { Vectors } from '../../ops/vectors'
import type { Device, Engine, Precision, State } from '../engine'
import { Addon } from './addon'
import { GraphProgram } from './program'
import { GraphState } from './state'

let loaded: Addon | undefined

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
    const { gpu, precision } = options
    const threads = options.threads || cpus().length
    const branches = options.coreEach && !gpu ? threads : 1
    this.addon = loaded ??= Addon.load(file, { operator: branches > 1 ? 1 : threads, operators: threads })
    this.precision = precision
    const { usesGpu } = this.addon
    if (gpu && !usesGpu)
      throw new AppError(
        'engine-unavailable',
        'TensorFlow for NVIDIA GPUs finds none, and would compute on the processor.',
        'Update the driver; nvidia-smi shows whether it finds the GPU. Or install TensorFlow for the processor: saim engines install tensorflow',
      )
    // test/bench/step found how much the caches of a core hold, and how much is worth more than that with many weights.
    this.device = {
      name: usesGpu ? 'GPU' : (cpus()[0]?.model ?? 'processor'),
      software: false,
      fastestBytes: usesGpu ? Infinity : options.coreEach ? 2e6 : 1.6e7,
      lanes: 1,
      branches,
      vectorSize: 0,
    }
  }

  createState = (values: NamedTensorData, vectors: Vectors = {}) =>
    new GraphState(this.addon, values, vectors)

  compile = (step: StepFunction, state: State, inputs: Record<string, TensorSpec>) =>
    GraphProgram.compile(this.addon, step, state as GraphState, inputs, this.precision)
}
