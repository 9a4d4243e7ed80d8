import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, vi } from 'vitest'
import { createEngine, requireDevice } from './engines'

const bin = mkdtempSync(path.join(tmpdir(), 'saim-gpus-'))

it.runIf(process.platform === 'linux')('a run trains on the GPU that is chosen, if it is here', async () => {
  const file = path.join(bin, 'nvidia-smi')
  writeFileSync(file, '#!/bin/sh\necho "NVIDIA H200, 1, 1, 1, 1"\necho "NVIDIA L4, 1, 1, 1, 1"\n')
  chmodSync(file, 0o755)
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`)
  for (const device of ['auto', '1'] as const)
    for (const engine of ['onnxruntime-cuda', 'pytorch']) await requireDevice(engine, device)
  await expect(requireDevice('pytorch', '2')).rejects.toMatchObject({
    code: 'engine-unavailable',
    message: 'There is no GPU 2: nvidia-smi finds 0 (NVIDIA H200) and 1 (NVIDIA L4).',
  })
  await requireDevice('onnxruntime-cpu', 'auto')
  await expect(requireDevice('onnxruntime-cpu', '0')).rejects.toThrow(
    'ONNX Runtime, CPU has no GPUs to choose from.',
  )
  rmSync(bin, { recursive: true })
})

it('has NVIDIA’s libraries see that GPU and no other, numbered as nvidia-smi does', async () => {
  vi.stubEnv('CUDA_VISIBLE_DEVICES', '0,1')
  await createEngine('onnxruntime-cpu', { threads: 1 })
  expect(process.env['CUDA_VISIBLE_DEVICES']).toBe('0,1')
  await createEngine('onnxruntime-cpu', { threads: 1, device: '1' })
  expect([process.env['CUDA_VISIBLE_DEVICES'], process.env['CUDA_DEVICE_ORDER']]).toEqual(['1', 'PCI_BUS_ID'])
  vi.unstubAllEnvs()
})
