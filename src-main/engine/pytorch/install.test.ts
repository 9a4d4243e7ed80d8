import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { interpreter } from '#platform/python'
import { pytorch } from './install'
import { installedPytorch, pytorchFolder, pytorchPython } from './installed'

const place = vi.hoisted(() => ({ list: '' }))
vi.mock('#platform/paths', async (original) => {
  const paths = await original<typeof import('#platform/paths')>()
  return { ...paths, clusterResources: () => place.list || paths.clusterResources() }
})

const canInstall =
  spawnSync(interpreter(), ['-c', 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))']).status === 0

describe.runIf(canInstall)('installing PyTorch', { timeout: 120_000 }, () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'saim-test-'))
    vi.stubEnv('SAIM_ENGINES', path.join(home, 'engines'))
    vi.stubEnv('SAIM_PYTHON', '')
    vi.stubEnv('PIP_NO_INDEX', '1')
    vi.stubEnv('PIP_FIND_LINKS', home)
    place.list = home
  })
  afterEach(() => {
    place.list = ''
    vi.unstubAllEnvs()
    rmSync(home, { recursive: true })
  })

  /** A wheel named torch that holds one module, and a list with `hash` or its own. */
  function listed(hash?: string): void {
    const wheel = path.join(home, 'torch-2.15.0-py3-none-any.whl')
    const code = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("torch.py", "answer = 42")
    info = "torch-2.15.0.dist-info/"
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: torch\\nVersion: 2.15.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")`
    expect(spawnSync(interpreter(), ['-c', code, wheel]).status).toBe(0)
    const own = createHash('sha256').update(readFileSync(wheel)).digest('hex')
    writeFileSync(path.join(home, 'pytorch.txt'), `torch==2.15.0 \\\n    --hash=sha256:${hash ?? own}\n`)
  }

  it('makes an environment whose Python has it, and removes it whole', async () => {
    listed()
    expect([await installedPytorch(), pytorchPython()]).toEqual([null, null])
    const said: string[] = []
    await pytorch.install({ gpu: false }, (text) => said.push(text))
    expect(said[0]).toBe('Making a virtual environment ...')
    expect(await installedPytorch()).toBe('torch 2.15.0')
    const { stdout } = spawnSync(pytorchPython()!, ['-c', 'import torch; print(torch.answer)'])
    expect(String(stdout).trim()).toBe('42')
    await pytorch.remove()
    expect([await installedPytorch(), pytorchPython()]).toEqual([null, null])
  })

  it('takes no wheel of another content, and leaves nothing behind', async () => {
    listed('0'.repeat(64))
    await expect(pytorch.install({ gpu: false }, () => undefined)).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: expect.stringMatching(/hash/i),
    })
    expect(existsSync(pytorchFolder())).toBe(false)
    expect(readdirSync(path.join(home, 'engines'))).toEqual([])
  })
})

it('names version and hashes of every package', () => {
  const text = readFileSync('resources/cluster/pytorch.txt', 'utf8')
  const packages = text.split(/\n(?=[a-z])/).slice(1)
  expect(packages.length).toBeGreaterThan(10)
  for (const each of packages)
    expect(each).toMatch(/^[\w-]+==\S+ .*\\\n(\s+--hash=sha256:[0-9a-f]{64}( \\)?\n?)+$/)
})
