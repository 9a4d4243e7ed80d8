import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { agreeToCluster, requireAgreement } from './clusters'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'saim-test-'))
  vi.stubEnv('SAIM_HOME', home)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})
const address = 'ray://head.example:10001'
const refused = expect.objectContaining({
  code: 'cluster-unknown',
  message: expect.stringContaining(address),
})

it('connects to no cluster that only the folder of a run names', async () => {
  await expect(requireAgreement(address)).rejects.toEqual(refused)
  await agreeToCluster('ray://other.example:10001')
  await expect(requireAgreement(address)).rejects.toEqual(refused)
  await agreeToCluster(address)
  await agreeToCluster(address)
  await requireAgreement(address)
  await requireAgreement('ray://other.example:10001')
})

it('needs nobody to agree to this machine', async () => {
  await requireAgreement(null)
  await agreeToCluster(null)
})

it('asks again where what was agreed to cannot be read', async () => {
  await agreeToCluster(address)
  writeFileSync(path.join(home, 'clusters.json'), '["ray://')
  await expect(requireAgreement(address)).rejects.toEqual(refused)
})
