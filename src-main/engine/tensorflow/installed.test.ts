import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEngine } from '#engine/engines'
import { installedTensorflow, requireTensorflow, stampInstallation, tensorflowFolder } from './installed'

describe('an installed TensorFlow', () => {
  let root: string
  const library = () => path.join(tensorflowFolder(), 'deps', 'libtensorflow.so')

  beforeEach(async () => {
    root = mkdtempSync(path.join(tmpdir(), 'saim-tensorflow-'))
    vi.stubEnv('SAIM_ENGINES', root)
    mkdirSync(path.dirname(library()), { recursive: true })
    writeFileSync(library(), 'native code')
    await stampInstallation(tensorflowFolder(), { version: 'tensorflow 1.0', gpu: true })
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(root, { recursive: true })
  })

  it('is taken while it is as it was installed', async () => {
    expect(await installedTensorflow()).toBe('tensorflow 1.0')
    expect(await requireTensorflow('contents')).toMatchObject({ gpu: true })
  })

  it('is refused before it is loaded where a library has lost its end or is gone, and no longer counts as what was tried', async () => {
    for (const damage of [() => truncateSync(library(), 5), () => rmSync(library())]) {
      damage()
      expect(await installedTensorflow()).toBe('tensorflow 1.0, damaged deps/libtensorflow.so')
      await expect(createEngine('tensorflow', { threads: 1 })).rejects.toMatchObject({
        message: expect.stringContaining('deps/libtensorflow.so'),
        advice: expect.stringContaining('Install it again'),
      })
    }
  })

  it('is refused by its proof where the contents of a library changed', async () => {
    writeFileSync(library(), 'damagd code')
    await requireTensorflow('sizes')
    await expect(requireTensorflow('contents')).rejects.toMatchObject({ code: 'engine-unavailable' })
  })

  it('is absent where it was removed', async () => {
    rmSync(tensorflowFolder(), { recursive: true })
    expect(await installedTensorflow()).toBeNull()
    await expect(createEngine('tensorflow', { threads: 1 })).rejects.toMatchObject({
      message: 'TensorFlow is not installed.',
    })
  })
})
