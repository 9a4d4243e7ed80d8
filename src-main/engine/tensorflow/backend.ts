import { NodeJSKernelBackend } from '@tensorflow/tfjs-node/dist/nodejs_kernel_backend'
import '@tensorflow/tfjs-node/dist/register_all_kernels'
import type { TFJSBinding } from '@tensorflow/tfjs-node/dist/tfjs_binding'
import { cpus } from 'node:os'
import util from 'node:util'
import { AppError } from '../../../src-shared/errors'
import * as tf from '../../ops/tf'
import { EagerEngine } from '../eager'
import type { Engine } from '../engine'

/** The name under which tfjs-node registers its kernels. */
const backendName = 'tensorflow'
let binding: TFJSBinding | undefined

/**
 * The `tensorflow` engine on tfjs-node's native addon `file`. `threads` 0 takes all cores; the first engine of a
 * process decides. Throws AppError engine-unavailable where the addon does not load, or is the one for a `gpu` and finds none.
 */
export function openTensorflow(file: string, { threads, gpu }: { threads: number; gpu: boolean }): Engine {
  binding ??= loadAddon(file, threads)
  const addon = binding
  if (gpu && !addon.isUsingGpuDevice())
    throw new AppError(
      'engine-unavailable',
      'TensorFlow for NVIDIA GPUs finds none, and would compute on the processor.',
      'Update the driver; nvidia-smi shows whether it finds the GPU. Or install TensorFlow for the processor: saim engines install tensorflow',
    )
  if (!tf.findBackendFactory(backendName)) tf.registerBackend(backendName, () => createBackend(addon))
  const device = {
    name: addon.isUsingGpuDevice() ? 'GPU' : (cpus()[0]?.model ?? 'processor'),
    software: false,
    fastestBytes: Infinity,
    cores: 1,
  }
  return new EagerEngine('tensorflow', backendName, device)
}

function loadAddon(file: string, threads: number): TFJSBinding {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2' // errors only
  if (threads) process.env['TF_NUM_INTRAOP_THREADS'] = process.env['TF_NUM_INTEROP_THREADS'] = String(threads)
  // tfjs-node asks for two functions that Node 23 no longer has.
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value == null, isArray: Array.isArray })
  const addon = { exports: {} as TFJSBinding }
  try {
    process.dlopen(addon as never, file)
  } catch (error) {
    throw new AppError(
      'engine-unavailable',
      `TensorFlow can not be loaded: ${error instanceof Error ? error.message : error}`,
      'Install it again: saim engines install tensorflow',
    )
  }
  return addon.exports
}

/** What tfjs-node's constructor does. It is of the old kind, which can not call the class that it extends. */
function createBackend(addon: TFJSBinding): tf.KernelBackend {
  const backend = Object.create(NodeJSKernelBackend.prototype)
  return Object.assign(backend, {
    binding: addon,
    isGPUPackage: false,
    isUsingGpuDevice: addon.isUsingGpuDevice(),
    tensorMap: new tf.DataStorage(backend, tf.engine()),
  })
}
