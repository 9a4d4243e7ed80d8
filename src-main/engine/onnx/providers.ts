import { cpus } from 'node:os'
import { type Device, undivided } from '#engine/engine'
import { type Precision, unscaledPrecisions } from '#shared/settings/precision'
import { type Pass, passes } from '#engine/graph/passes/index'
import { narrowProducts } from '#engine/graph/passes/narrow-products'
import { roundFactors } from '#engine/graph/passes/round-factors'
import { requireCuda } from './cuda'
import { findWebgpuDevice, useDriver } from './vulkan'

/** What computes: onnxruntime's own kernels on the CPU, or those of a provider for a device. */
export type ProviderName = 'cpu' | 'webgpu' | 'dml' | 'coreml' | 'cuda'

interface Provider {
  /** What it computes on, with `threads` on the CPU, 0 for all. */
  device(threads: number): Device
  /** How graphs are rewritten for that device. */
  passes(device: Device): Pass[]
  /** How products come to be of a precision, after those. */
  products(precision: Precision): Pass
  /** Whether Node's binding of onnxruntime can hold tensors on the device. */
  keepsOnDevice: boolean
  /** How far onnxruntime optimises a training step by itself. */
  optimization: 'basic' | 'all'
  /** Throws AppError engine-unavailable where it cannot be loaded. */
  require?(): void
}

/** As many values as caches hold with what an update makes of them. */
const vectorSize = 2 ** 18

const gpu = (precisions: readonly Precision[]) => (): Device => ({
  ...{ name: 'GPU', software: false, precisions },
  ...undivided,
  vectorSize,
})

/** The CPU with `threads`, 0 for all: what a core's caches hold with room to spare, as test/bench/step found it. */
export const cpu = (threads: number): Device => ({
  name: cpus()[0]?.model ?? 'CPU',
  software: false,
  precisions: ['float32'],
  fastestBytes: 4e6,
  lanes: threads || cpus().length,
  branches: 1,
  vectorSize,
})

/** Of devices that multiply in a precision by themselves. */
const narrow = (precision: Precision): Pass =>
  precision === 'float16' || precision === 'bfloat16' ? narrowProducts(precision) : (graph) => graph

export const providers: Record<ProviderName, Provider> = {
  cpu: {
    device: cpu,
    passes: () => passes.cpu,
    // Computes them in 32 bits whatever the type: it is given the rounding as operators.
    products: roundFactors,
    keepsOnDevice: false,
    // What is beyond finds next to nothing in a training step, whose backward pass reads what a fusion would hide, and takes
    // two thirds of the time of compiling.
    optimization: 'basic',
  },
  webgpu: {
    device() {
      const { name, software, driver } = findWebgpuDevice()
      if (driver) useDriver(driver)
      return { name, software, precisions: ['float32'], ...undivided, vectorSize }
    },
    // A GPU in software is slower by far at matrix products than the CPU that plays it.
    passes: ({ software }) => (software ? passes.fused : passes.lowered),
    products: narrow,
    keepsOnDevice: true,
    optimization: 'all',
  },
  dml: {
    device: gpu(['float32']),
    passes: () => passes.fused,
    products: narrow,
    keepsOnDevice: false,
    optimization: 'all',
  },
  coreml: {
    device: gpu(['float32']),
    passes: () => passes.lowered,
    products: narrow,
    keepsOnDevice: false,
    optimization: 'all',
  },
  cuda: {
    device: gpu(unscaledPrecisions),
    passes: () => passes.fused,
    products: narrow,
    keepsOnDevice: false,
    optimization: 'all',
    require: requireCuda,
  },
}
