import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { wheelList } from '#platform/paths'
import { interpreter } from '#platform/python'
import { installTensorflow } from './install'
import { tensorflowFolder } from './installed'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'saim-test-'))
  vi.stubEnv('SAIM_ENGINES', path.join(home, 'engines'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

const canInstall =
  process.platform === 'linux' &&
  [
    ['g++', '--version'],
    [interpreter(), '-m', 'pip', '--version'],
  ].every(([program, ...parameters]) => spawnSync(program!, parameters).status === 0)

it.runIf(canInstall)('takes no wheel of another content, wherever it comes from', async () => {
  // An index that somebody else writes to, as pip may be set to use.
  writeFileSync(path.join(home, 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl'), 'other code')
  vi.stubEnv('PIP_NO_INDEX', '1')
  vi.stubEnv('PIP_FIND_LINKS', home)
  const plan = { source: 'wheel', gpu: false, what: '', downloadBytes: 0, diskBytes: 0, urls: [] } as const
  const install = installTensorflow({ ...plan, urls: [] }, () => undefined)
  await expect(install).rejects.toMatchObject({
    code: 'engine-unavailable',
    message: expect.stringMatching(/do not match the hashes/i),
  })
  expect(existsSync(tensorflowFolder())).toBe(false)
})

it.each([false, true])('names the hash of every wheel (for GPUs: %s)', (gpu) => {
  const lines = readFileSync(wheelList(gpu), 'utf8').trim().split('\n').slice(1)
  expect(lines.length).toBe(gpu ? 13 : 1)
  for (const line of lines) expect(line).toMatch(/^[\w-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}$/)
})
