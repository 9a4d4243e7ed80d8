import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, vi } from 'vitest'
import { gpusOf, readGpus } from './nvidia'

it.runIf(process.platform === 'linux')('asks the driver’s own program what GPUs are doing', async () => {
  const bin = mkdtempSync(path.join(tmpdir(), 'saim-nvidia-'))
  const file = path.join(bin, 'nvidia-smi')
  const script = `#!/bin/sh
[ "$*" = "--query-gpu=name,memory.total,memory.used,utilization.gpu,temperature.gpu --format=csv,noheader,nounits" ] || exit 1
echo "NVIDIA H200, 143771, 1024, 63, 41"
echo "NVIDIA Thor, [N/A], [N/A], 0, [N/A]"
`
  writeFileSync(file, script)
  chmodSync(file, 0o755)
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`)
  expect(await readGpus()).toEqual([
    {
      name: 'NVIDIA H200',
      memoryBytes: 143_771 * 2 ** 20,
      usedMemoryBytes: 2 ** 30,
      busy: 0.63,
      temperature: 41,
    },
    { name: 'NVIDIA Thor', memoryBytes: null, usedMemoryBytes: null, busy: 0, temperature: null },
  ])
  vi.unstubAllEnvs()
  rmSync(bin, { recursive: true })
})

it('knows no GPU from what else the program says', () => {
  expect(gpusOf("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n")).toEqual(
    [],
  )
  expect(gpusOf('')).toEqual([])
})
