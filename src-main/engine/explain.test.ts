import { expect, it } from 'vitest'
import { AppError } from '#shared/errors'
import { explainEngineError } from './explain'

/** As onnxruntime, drivers and the system's loader say it. */
const said: [string, string, string][] = [
  [
    'libcudnn.so.9: cannot open shared object file: No such file or directory',
    'library libcudnn.so.9 of CUDA',
    'LD_LIBRARY_PATH',
  ],
  ['CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version', 'too old', 'nvidia-smi'],
  ['Failed to get a WebGPU adapter: No supported adapters', 'no GPU that WebGPU can use', 'libvulkan1'],
  ['WebGPU device lost (1): VK_ERROR_DEVICE_LOST', 'reset the GPU', 'smaller batch'],
  ['no available backend found. ERR: [coreml] backend not found.', 'build of onnxruntime', 'another engine'],
  ["libstdc++.so.6: version `GLIBCXX_3.4.32' not found", 'older than the engine needs', 'newer system'],
  [
    'Failed to allocate memory for requested buffer of size 4096',
    'not enough memory',
    'Close other programs',
  ],
]

it.each(said)('explains "%s"', (text, message, advice) => {
  const error = explainEngineError(new Error(text))
  expect(error.message).toContain(message)
  expect(error.advice).toContain(advice)
})

it('shows what it does not know, and leaves what is explained already', () => {
  expect(explainEngineError(new Error('Weird 0x7')).message).toContain('Weird 0x7')
  const explained = new AppError('engine-wrong', 'Differs.')
  expect(explainEngineError(explained)).toBe(explained)
})
