import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { closeDataFolder, dataFolder } from './paths'

describe.runIf(process.platform === 'linux')('the data folder', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'saim-test-'))
    vi.stubEnv('SAIM_HOME', undefined)
    vi.stubEnv('XDG_DATA_HOME', home)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(home, { recursive: true })
  })
  const mode = () => statSync(dataFolder()).mode & 0o777

  it('is made for the person alone', () => {
    closeDataFolder()
    expect(mode()).toBe(0o700)
  })

  it('is closed where an earlier version left it open', () => {
    mkdirSync(dataFolder(), { recursive: true })
    chmodSync(dataFolder(), 0o755)
    closeDataFolder()
    expect(mode()).toBe(0o700)
  })

  it('stays shared where a person shares one of their own', () => {
    vi.stubEnv('SAIM_HOME', path.join(home, 'lab'))
    mkdirSync(dataFolder())
    chmodSync(dataFolder(), 0o770)
    closeDataFolder()
    expect(mode()).toBe(0o770)
  })
})
