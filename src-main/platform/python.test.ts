import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { outputOf } from './programs'
import { interpreter, pip, startPython } from './python'

describe.runIf(spawnSync(interpreter(), ['--version']).status === 0)('Python', () => {
  let folder: string
  const before = process.cwd()
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'saim-images-'))
    for (const name of ['numpy', 'pip', 'zipfile', 'torch', 'runpy', 'threading'])
      writeFileSync(path.join(folder, `${name}.py`), 'import sys; sys.exit("taken from the images")')
    process.chdir(folder)
  })
  afterEach(() => {
    process.chdir(before)
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  it('runs no module that lies in the folder where the application was started', async () => {
    for (const paths of [undefined, '', ':', '.']) {
      vi.stubEnv('PYTHONPATH', paths)
      const { code, errors } = await outputOf(startPython('import sys, zipfile, threading'))
      expect({ code, errors }).toEqual({ code: 0, errors: '' })
    }
  })

  it('runs the pip that is installed, not one that lies there', async () => {
    const { output, errors } = await outputOf(startPython(pip, ['--version']))
    expect(errors).not.toContain('taken from the images')
    expect(output.toString()).toMatch(/^pip \d/)
  })

  it('keeps to a Python that is named from where the application was started', async () => {
    writeFileSync(path.join(folder, 'own-python'), '#!/bin/sh\necho own', { mode: 0o755 })
    vi.stubEnv('SAIM_PYTHON', './own-python')
    expect((await outputOf(startPython(''))).output.toString()).toBe('own\n')
  })

  it('says that there is none', async () => {
    vi.stubEnv('SAIM_PYTHON', 'no-such-python')
    await expect(outputOf(startPython(''))).rejects.toThrow('ENOENT')
  })
})
