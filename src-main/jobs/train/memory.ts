import { writeFileSync } from 'node:fs'

/** What runtimes, allocators and drivers say when there is no memory left, of the machine or of a GPU. */
const said = [
  /alloc\w* (failed|.*memory)|failed to alloc|out of memory|bad_alloc|ENOMEM|cannot allocate/i,
  // TensorFlow
  /OOM when|RESOURCE_EXHAUSTED/,
  // onnxruntime's arena
  /Available memory of \d+ is smaller than requested/,
  // CUDA and its libraries
  /CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|CUDA failure 2\b|CU(BLAS|DNN)_STATUS_ALLOC_FAILED/,
  // Direct3D and Vulkan
  /E_OUTOFMEMORY|8007000E|Not enough memory resources|VK_ERROR_OUT_OF_(DEVICE|HOST)_MEMORY/,
]

export const isOutOfMemory = (text: string) => said.some((one) => one.test(text))

/** Where memory runs out, Linux shall end this process and neither the application nor anything else. */
export function offerToBeKilled(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '800')
  } catch {
    // another system
  }
}
