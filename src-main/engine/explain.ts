import { AppError } from '#shared/errors'

/** What drivers and libraries say, what it means (with $1 for what they name), and what to do about it. */
const causes: [said: RegExp, message: string, advice: string][] = [
  [
    /(lib(?:cudart|cublas|cudnn|cufft|curand|nvrtc)\S*): cannot open shared object file/,
    'The library $1 of CUDA is not installed, or the loader does not find it.',
    'Install CUDA 12 and cuDNN 9 from NVIDIA, or add the folder of the library to LD_LIBRARY_PATH.',
  ],
  [
    /CUDA driver version is insufficient|CUDA_ERROR_SYSTEM_DRIVER_MISMATCH|no CUDA-capable device/i,
    'The NVIDIA driver is too old for this CUDA, or finds no GPU.',
    'Update the driver and restart; nvidia-smi shows whether it finds the GPU.',
  ],
  [
    /Failed to get a WebGPU adapter|No supported adapters/,
    'There is no GPU that WebGPU can use.',
    'Install the graphics driver; on Linux also the Vulkan loader (Debian, Ubuntu: apt install libvulkan1).',
  ],
  [
    /device (was )?lost|DEVICE_REMOVED|DEVICE_LOST/i,
    'The graphics driver reset the GPU during a step.',
    'Update the driver; try a smaller batch.',
  ],
  [
    /\[(\w+)\] backend not found|no available backend found/,
    'This build of onnxruntime does not have it.',
    'Use another engine.',
  ],
  [
    /GLIBC(XX)?_[\d.]+' not found/,
    'The system’s C or C++ library is older than the engine needs.',
    'Use a newer system, or another engine.',
  ],
  [
    /out of (device )?memory|bad_alloc|RESOURCE_EXHAUSTED|failed to allocate/i,
    'There is not enough memory for even a small model.',
    'Close other programs that use the GPU.',
  ],
]

/** An engine's error in words, with what to do; what is not known is shown as it is. */
export function explainEngineError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const text = error instanceof Error ? error.message : String(error)
  for (const [said, message, advice] of causes) {
    const found = said.exec(text)
    if (found) return new AppError('engine-unavailable', found[0].replace(said, message), advice)
  }
  return new AppError(
    'engine-unavailable',
    `It does not work here: ${text.trim().slice(-500)}`,
    'Use another engine.',
  )
}
