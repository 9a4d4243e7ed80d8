import { expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { explain } from './remedies'

it.each([
  'OOM when allocating tensor with shape[64,3,64,64] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc',
  'RESOURCE_EXHAUSTED: failed to get 1.2GiB',
  'BFCArena::AllocateRawInternal Available memory of 1024 is smaller than requested bytes of 4096',
  'Failed to allocate memory for requested buffer of size 4096',
  'CUDA failure 2: out of memory ; GPU=0 ; hostname=a',
  'failed call to cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY',
  'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
  'DmlCommandRecorder.cpp(371) Exception(3) 8007000E Not enough memory resources are available to complete this operation.',
  'vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY',
])('has remedies for a run whose device has no memory left: %s', (text) => {
  expect(explain(new Error(text), fromPreset('nano'))).toMatchObject({
    code: 'out-of-memory',
    advice: expect.stringContaining('smaller batch'),
  })
})

it.each([
  'CUDA_ERROR_ILLEGAL_ADDRESS',
  'CUDA failure 700: an illegal memory access',
  'CUBLAS_STATUS_NOT_SUPPORTED',
])('takes another failure of a device for what it is: %s', (text) =>
  expect(explain(new Error(text), fromPreset('nano')).code).not.toBe('out-of-memory'),
)
