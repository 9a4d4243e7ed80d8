import { existsSync } from 'node:fs'
import { findWebgpuDevice } from '#engine/onnx/vulkan'
import { tensorflowAddon } from '#platform/paths'

/** Engines that tests run on; build/setup.mjs prepares them where it can. */
export const testedEngines = ['onnxruntime-cpu', 'onnxruntime-webgpu', 'tensorflow']

const isHere: Record<string, () => boolean> = {
  'onnxruntime-webgpu': () => findWebgpuDevice().name !== 'no Vulkan driver' && hasVulkanLoader(),
  tensorflow: () => existsSync(tensorflowAddon()),
}

export const enginesHere = () => testedEngines.filter((id) => isHere[id]?.() ?? true)

const hasVulkanLoader = () =>
  ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'].some((folder) =>
    existsSync(`${folder}/libvulkan.so.1`),
  )
