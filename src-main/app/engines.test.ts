import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EngineInfo, EngineProof } from '#shared/contract'
import type { Child, Fork } from '#platform/processes'
import type { ProofMessage } from '#jobs/prove/process'
import { Engines, withRecommendations } from './engines'
import { Settings } from './settings'

const proof = (changes: Partial<EngineProof> = {}): EngineProof => ({
  device: 'GPU',
  software: false,
  lossDifference: 1e-7,
  gradientDifference: 1e-5,
  imagesPerSecond: 100,
  memoryBytes: 1e9,
  operators: null,
  bfloat16: null,
  provenAt: '2026-01-01T00:00:00.000Z',
  ...changes,
})

/** What becomes of a process that tries an engine: a message, or an end without one. */
type Fate = ProofMessage | { dies: string }
let fates: Record<string, Fate> = {}
let tried: string[] = []
const fork: Fork = (_name, [id]) => {
  tried.push(id!)
  const fate = fates[id!]!
  const child: Child = {
    pid: 1,
    post: () => undefined,
    kill: () => undefined,
    onMessage: (listener) => void ('dies' in fate || setImmediate(() => listener(fate))),
    onExit: (listener) => void setTimeout(() => listener(null, 'dies' in fate ? fate.dies : ''), 10),
  }
  return child
}
const open = () => new Engines({ fork, emit: () => undefined, settings: new Settings() })
const stateOf = async (engines: Engines, id: string) =>
  (await engines.calls['engines.list']()).find((engine) => engine.id === id)!

describe('engines', () => {
  let home: string
  beforeAll(() => {
    process.env['SAIM_HOME'] = home = mkdtempSync(path.join(tmpdir(), 'saim-engines-'))
    vi.stubEnv('SAIM_ENGINES', path.join(home, 'engines')) // nothing is installed there
  })
  afterAll(() => {
    rmSync(home, { recursive: true })
    delete process.env['SAIM_HOME']
    vi.unstubAllEnvs()
  })
  beforeEach(() => {
    rmSync(path.join(home, 'engines.json'), { force: true })
    ;[fates, tried] = [{}, []]
  })

  it('are usable only after they proved it, and that is remembered', async () => {
    fates['onnxruntime-webgpu'] = { proof: proof() }
    const engines = open()
    expect((await stateOf(engines, 'onnxruntime-webgpu')).status).toBe('unproven')
    await engines.calls['engines.survey']({ id: 'onnxruntime-webgpu' })
    expect(await stateOf(open(), 'onnxruntime-webgpu')).toMatchObject({
      status: 'usable',
      proof: { imagesPerSecond: 100 },
    })
  })

  it('that crash are not usable, say what is known of it, and harm nothing else', async () => {
    fates['onnxruntime-webgpu'] = { dies: 'VK_ERROR_DEVICE_LOST' }
    const engines = open()
    await engines.calls['engines.survey']({ id: 'onnxruntime-webgpu' })
    const { status, problem } = await stateOf(engines, 'onnxruntime-webgpu')
    expect(status).toBe('unusable')
    expect(problem!.message).toContain('reset the GPU')
    fates['onnxruntime-webgpu'] = { dies: '' }
    await engines.calls['engines.survey']({ id: 'onnxruntime-webgpu' })
    expect((await stateOf(engines, 'onnxruntime-webgpu')).problem!.message).toContain('It crashed')
  })

  it('are chosen as wanted where they work, and tried first where that is not known', async () => {
    fates['onnxruntime-webgpu'] = { proof: proof() }
    const engines = open()
    for (let i = 0; i < 2; i++)
      expect(await engines.choose('onnxruntime-webgpu', 'float32')).toEqual({
        engine: 'onnxruntime-webgpu',
        precision: 'float32',
        notice: null,
      })
    expect(tried).toEqual(['onnxruntime-webgpu'])
  })

  it('fall back with a notice: to the last good one, else to the CPU', async () => {
    const engines = open()
    fates['onnxruntime-webgpu'] = { error: { code: 'engine-wrong', message: 'It computes something else.' } }
    const fallen = await engines.choose('onnxruntime-webgpu', 'float32')
    expect(fallen.engine).toBe('onnxruntime-cpu')
    expect(fallen.notice).toMatch(/WebGPU cannot be used: It computes something else.*ONNX Runtime, CPU/)

    fates['onnxruntime-webgpu'] = { proof: proof() }
    await engines.calls['engines.survey']({ id: 'onnxruntime-webgpu' })
    await engines.choose('onnxruntime-webgpu', 'float32')
    fates['onnxruntime-cuda'] = { dies: '' }
    fates['onnxruntime-directml'] = { dies: '' }
    expect((await engines.choose('onnxruntime-cuda', 'float32')).engine).toBe('onnxruntime-webgpu')
    await expect(engines.choose('abacus', 'float32')).rejects.toMatchObject({ code: 'engine-unavailable' })
  })

  it('never hand a run to an engine without its precision: the run goes on in float32, and is told so', async () => {
    await expect(open().choose('onnxruntime-cpu', 'bfloat16')).rejects.toThrow('32 bits only')
    const fallen = await open().choose('tensorflow', 'bfloat16') // which is not installed here
    expect(fallen).toMatchObject({ engine: 'onnxruntime-cpu', precision: 'float32' })
    expect(fallen.notice).toMatch(
      /TensorFlow cannot be used: .* in float32, since it has no bfloat16, instead/,
    )
  })
})

describe('the recommendation', () => {
  const engine = (id: string, changes: Partial<EngineProof> | null): EngineInfo => ({
    id,
    title: id,
    expectedImagesPerSecond: null,
    description: '',
    status: changes ? 'usable' : 'unusable',
    proof: changes && proof(changes),
    problem: null,
    selected: false,
    recommendation: null,
  })
  const recommended = (engines: EngineInfo[]) =>
    withRecommendations(engines)
      .filter(({ recommendation }) => recommendation?.recommended)
      .map(({ id }) => id)

  it('is for the fastest one, unless that is hardly faster than the CPU', () => {
    const cpu = engine('onnxruntime-cpu', { imagesPerSecond: 100 })
    expect(recommended([cpu, engine('gpu', { imagesPerSecond: 500 })])).toEqual(['gpu'])
    expect(recommended([cpu, engine('gpu', { imagesPerSecond: 110 })])).toEqual(['onnxruntime-cpu'])
    expect(recommended([cpu, engine('gpu', null)])).toEqual(['onnxruntime-cpu'])
  })

  it('is against a GPU in software, however fast', () => {
    const [, software] = withRecommendations([
      engine('onnxruntime-cpu', { imagesPerSecond: 1 }),
      engine('webgpu', { imagesPerSecond: 9, software: true }),
    ])
    expect(software!.recommendation).toMatchObject({ recommended: false })
  })
})
