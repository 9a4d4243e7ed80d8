import { setEnvironment } from '#platform/environment'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding'
import { AppError } from '#shared/errors'
import type { InputValues, TensorData } from '#model/tensor/step'
import { tag } from './saved-model'

/** The file that has our kernels, in the folder of the addon; libtensorflow's own binaries and what is for GPUs lack it. */
export const kernelsBeside = (addon: string) => path.join(path.dirname(addon), 'kernels.node')

/** A tensor that TensorFlow keeps, until it is deleted. */
export type Handle = number

/** The native addon of @tensorflow/tfjs-node-gpu: TensorFlow's C interface as far as graphs need it. */
export class Addon {
  private constructor(
    private readonly binding: TFJSBinding,
    /** Whether graphs may have nodes of resources/tensorflow/kernels.cpp. */
    readonly hasOwnKernels: boolean,
  ) {}

  /**
   * Loads the addon `file`, with so many threads for one operator and for operators at the same time; the first call of a
   * process decides.
   * Throws AppError engine-unavailable where it does not load.
   */
  static load(file: string, threads: { operator: number; operators: number }): Addon {
    // A GPU's memory is taken as it is needed, so that others find some, and the size that a model needs can be seen.
    const defaults = { TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true' }
    const { operator, operators } = threads
    setEnvironment(
      { TF_NUM_INTRAOP_THREADS: String(operator), TF_NUM_INTEROP_THREADS: String(operators) },
      defaults,
    )
    const addon = { exports: {} as TFJSBinding }
    const kernels = kernelsBeside(file)
    const hasOwnKernels = existsSync(kernels)
    try {
      process.dlopen(addon as never, file)
      if (hasOwnKernels) process.dlopen({ exports: {} } as never, kernels)
    } catch (error) {
      throw new AppError(
        'engine-unavailable',
        `TensorFlow cannot be loaded: ${error instanceof Error ? error.message : error}`,
        'Install it again: saim engines install tensorflow',
      )
    }
    return new Addon(addon.exports, hasOwnKernels)
  }

  get usesGpu(): boolean {
    return this.binding.isUsingGpuDevice()
  }

  /** TensorFlow may read the array itself, so that it must neither change nor be freed by another thread. */
  put({ shape, values }: { shape: number[]; values: InputValues }): Handle {
    return this.binding.createTensor(shape, this.typeOf(values), values)
  }

  /** As `put`, in memory of TensorFlow's own, which may outlive the array and be freed by any thread. */
  copy(data: TensorData): Handle {
    const shared = this.put(data)
    const [own] = this.binding.executeOp(
      'DeepCopy',
      [{ name: 'T', type: this.binding.TF_ATTR_TYPE, value: this.typeOf(data.values) }],
      [shared],
      1,
    )
    this.binding.deleteTensor(shared)
    return own!.id
  }

  private typeOf(values: InputValues): number {
    if (values instanceof Uint8Array) return this.binding.TF_UINT8
    return values instanceof Int32Array ? this.binding.TF_INT32 : this.binding.TF_FLOAT
  }

  /** A copy of the values. */
  get(handle: Handle): Float32Array | Int32Array {
    return this.binding.tensorDataSync(handle) as Float32Array | Int32Array
  }

  delete(handles: Iterable<Handle>): void {
    for (const handle of handles) this.binding.deleteTensor(handle)
  }

  /** A session for the graph in the saved_model.pb of a folder. */
  open = (folder: string): number => this.binding.loadSavedModel(folder, tag)

  close = (session: number): void => this.binding.deleteSavedModel(session)

  /** Runs what the tensors `wanted` need, with some given, and answers them; the caller deletes them. */
  run(session: number, given: Record<string, Handle>, wanted: string[]): Handle[] {
    const tensors = (names: string[]) => names.map((name) => (name.includes(':') ? name : `${name}:0`)).join()
    const answers = this.binding.runSavedModel(
      session,
      Object.values(given),
      tensors(Object.keys(given)),
      tensors(wanted),
    )
    return answers.map(({ id }) => id)
  }
}
