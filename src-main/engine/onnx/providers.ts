import { cpus } from 'node:os'
import { type Device, undivided } from '#engine/engine'
import { type Pass, passes } from '#engine/graph/passes/index'
import { requireCuda } from './cuda'
import { findWebgpuDevice, useDriver } from './vulkan'

/** What computes: onnxruntime's own kernels on the CPU, or those of a provider for a device. */
export type ProviderName = 'cpu' | 'webgpu' | 'dml' | 'coreml' | 'cuda'

interface Provider {
  /** What it computes on, with `threads` on the CPU, 0 for all. */
  device(threads: number): Device
  /** How graphs are rewritten for that device. */
  passes(device: Device): Pass[]
  /** Whether Node's binding of onnxruntime can hold tensors on the device. */
  keepsOnDevice: boolean
  /** How far onnxruntime optimises a training step by itself. */
  optimization: 'basic' | 'all'
  /** Throws AppError engine-unavailable where it cannot be loaded. */
  require?(): void
}

/** As many values as caches hold with what an update makes of them. */
const vectorSize = 2 ** 18

const gpu = (): Device => ({ name: 'GPU', software: false, ...undivided, vectorSize })

/** The CPU with `threads`, 0 for all: what a core's caches hold with room to spare, as test/bench/step found it. */
export const cpu = (threads: number): Device => ({
  name: cpus()[0]?.model ?? 'CPU',
  software: false,
  fastestBytes: 4e6,
  lanes: threads || cpus().length,
  branches: 1,
  vectorSize,
})

export const providers: Record<ProviderName, Provider> = {
  cpu: {
    device: cpu,
    passes: () => passes.cpu,
    keepsOnDevice: false,
    // What is beyond finds next to nothing in a training step, whose backward pass reads what a fusion would hide, and takes
    // two thirds of the time of compiling.
    optimization: 'basic',
  },
  webgpu: {
    device() {
      const { name, software, driver } = findWebgpuDevice()
      if (driver) useDriver(driver)
      return { name, software, ...undivided, vectorSize }
    },
    // A GPU in software is slower by far at matrix products than the CPU that plays it.
    passes: ({ software }) => (software ? passes.fused : passes.lowered),
    keepsOnDevice: true,
    optimization: 'all',
  },
  dml: { device: gpu, passes: () => passes.fused, keepsOnDevice: false, optimization: 'all' },
  coreml: { device: gpu, passes: () => passes.lowered, keepsOnDevice: false, optimization: 'all' },
  cuda: {
    device: gpu,
    passes: () => passes.fused,
    keepsOnDevice: false,
    optimization: 'all',
    require: requireCuda,
  },
}
