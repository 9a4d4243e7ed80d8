import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { forkNode } from '#platform/processes'
import { Engines } from '#app/engines'
import { Settings } from '#app/settings'
import { enginesHere } from '#test/helpers/engines'
import { temporaryFolder } from '#test/helpers/runs'

const canBuild = enginesHere().includes('onnxruntime-webgpu') && spawnSync('g++', ['--version']).status === 0

describe.runIf(canBuild)('a graphics driver that crashes', () => {
  const home = temporaryFolder()
  afterAll(() => void vi.unstubAllEnvs())

  it('takes along only the process that tries it, which is told; runs go on with the CPU, loudly', async () => {
    const source = path.join(home, 'driver.cc')
    const library = path.join(home, 'libcrashing.so')
    writeFileSync(
      source,
      '#include <csignal>\nextern "C" void *vk_icdGetInstanceProcAddr(void *, const char *) { raise(SIGSEGV); return 0; }',
    )
    expect(spawnSync('g++', ['-shared', '-fPIC', source, '-o', library]).status).toBe(0)
    const description = path.join(home, 'lvp_icd.json')
    const icd = { file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } }
    writeFileSync(description, JSON.stringify(icd))
    vi.stubEnv('VK_DRIVER_FILES', description)
    vi.stubEnv('SAIM_HOME', home)

    const engines = new Engines({ fork: forkNode, emit: () => undefined, settings: new Settings() })
    const tried = await engines.calls['engines.survey']({ id: 'onnxruntime-webgpu' })
    const webgpu = tried.find(({ id }) => id === 'onnxruntime-webgpu')!
    expect(webgpu.status).toBe('unusable')
    expect(webgpu.problem).toMatchObject({
      message: expect.stringContaining('crashed'),
      advice: expect.stringContaining('driver'),
    })
    const { engine, notice } = await engines.choose('onnxruntime-webgpu', 'float32')
    expect(engine).toBe('onnxruntime-cpu')
    expect(notice).toMatch(/WebGPU cannot be used: It crashed/)
  })
})
