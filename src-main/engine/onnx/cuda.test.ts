import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AppError } from '#shared/errors'
import { requireCuda } from './cuda'

const canCompile = process.platform === 'linux' && spawnSync('g++', ['--version']).status === 0

describe.runIf(canCompile)('onnxruntime on CUDA', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'saim-cuda-'))
    vi.stubEnv('CUDA_HOME', undefined)
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
    vi.unstubAllEnvs()
  })

  /** A library that needs others, which the loader does not find. */
  const build = (name: string, needs: string[] = [], into = folder) => {
    const source = path.join(folder, 'empty.c')
    writeFileSync(source, '')
    mkdirSync(into, { recursive: true })
    const libraries = needs.map((need) => `-l:${need}`)
    const { status } = spawnSync('g++', [
      '-shared', '-o', path.join(into, name), source, `-Wl,-soname,${name}`, '-Wl,--no-as-needed', `-L${into}`, ...libraries,
    ]) // prettier-ignore
    expect(status).toBe(0)
  }
  const refusal = () => {
    try {
      requireCuda(folder)
    } catch (error) {
      return error as AppError
    }
    return null
  }

  it('names its own library where that is missing', () => {
    expect(refusal()!.message).toContain('libonnxruntime_providers_cuda.so')
  })

  it('names every library of CUDA that the loader does not find, and where they lie', () => {
    const needed = ['libcublas.so.12', 'libcudart.so.12']
    for (const name of needed) build(name)
    build('libonnxruntime_providers_cuda.so', needed)
    expect(refusal()!.message).toMatch(/libcublas\.so\.12, libcudart\.so\.12/)
    expect(refusal()!.advice).toContain('Install CUDA')

    const toolkit = path.join(folder, 'cuda')
    for (const name of needed) build(name, [], path.join(toolkit, 'lib64'))
    vi.stubEnv('CUDA_HOME', toolkit)
    expect(refusal()!.advice).toContain(`LD_LIBRARY_PATH=${toolkit}/lib64,`)
  })

  it('names the driver where that is missing, and refuses nothing else', () => {
    build('libcuda.so.1')
    build('libonnxruntime_providers_cuda.so', ['libcuda.so.1'])
    expect(refusal()!.message).toContain('driver')
    build('libonnxruntime_providers_cuda.so')
    expect(refusal()).toBeNull()
  })
})
