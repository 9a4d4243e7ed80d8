import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { automatic, type EngineInfo, type EngineProof } from '#shared/contract'
import type { Precision } from '#shared/settings/precision'
import type { Child, Fork } from '#platform/processes'
import type { ProofMessage } from '#jobs/prove/process'
import { Engines } from './engines'
import { withRecommendations } from './fastest'
import { Settings } from './settings'
import { removeTensorflow } from '#engine/tensorflow/install'
import { stampInstallation, tensorflowFolder } from '#engine/tensorflow/installed'

const differences = { lossDifference: 1e-7, gradientDifference: 1e-5, memoryBytes: 1e9, presets: [] }
const proof = (changes: Partial<EngineProof> = {}): EngineProof => ({
  device: 'GPU',
  software: false,
  ...differences,
  imagesPerSecond: 100,
  operators: null,
  precisions: [{ precision: 'float32', ...differences, imagesPerSecond: 100 }],
  provenAt: '2026-01-01T00:00:00.000Z',
  ...changes,
})

/** What a process says that tried an engine in a precision. */
const proven = (
  imagesPerSecond = 100,
  precision: Precision = 'float32',
  has: Precision[] = ['float32'],
): ProofMessage => ({
  proven: {
    ...{ device: 'GPU', software: false, operators: null, has },
    proof: { precision, ...differences, imagesPerSecond },
  },
})

/** What becomes of a process that tries an engine: a message, or an end without one. */
type Fate = ProofMessage | { dies: string }
/** By engine or, for another precision than float32, `<engine> <precision>`. */
let fates: Record<string, Fate> = {}
let tried: string[] = []
const fork: Fork = (_name, [id, , precision]) => {
  const who = precision === 'float32' ? id! : `${id} ${precision}`
  tried.push(who)
  const fate = fates[who]!
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
    fates['onnxruntime-webgpu'] = proven()
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
    fates['onnxruntime-webgpu'] = proven()
    const engines = open()
    for (let i = 0; i < 2; i++)
      expect(await engines.choose('onnxruntime-webgpu', 'float32')).toEqual({
        engine: 'onnxruntime-webgpu',
        precision: 'float32',
        notice: null,
        why: null,
      })
    expect(tried).toEqual(['onnxruntime-webgpu'])
  })

  it('fall back with a notice: to the last good one, else to the CPU', async () => {
    const engines = open()
    fates['onnxruntime-webgpu'] = { error: { code: 'engine-wrong', message: 'It computes something else.' } }
    const fallen = await engines.choose('onnxruntime-webgpu', 'float32')
    expect(fallen.engine).toBe('onnxruntime-cpu')
    expect(fallen.notice).toMatch(/WebGPU cannot be used: It computes something else.*ONNX Runtime, CPU/)

    fates['onnxruntime-webgpu'] = proven()
    await engines.calls['engines.survey']({ id: 'onnxruntime-webgpu' })
    await engines.choose('onnxruntime-webgpu', 'float32')
    fates['onnxruntime-cuda'] = { dies: '' }
    fates['onnxruntime-directml'] = { dies: '' }
    expect((await engines.choose('onnxruntime-cuda', 'float32')).engine).toBe('onnxruntime-webgpu')
    await expect(engines.choose('abacus', 'float32')).rejects.toMatchObject({ code: 'engine-unavailable' })
  })

  it('are chosen by their speed where nobody chose: tried once, the fastest that works, saying why', async () => {
    mkdirSync(tensorflowFolder(), { recursive: true })
    await stampInstallation(tensorflowFolder(), { version: 'tensorflow 1.0', gpu: false })
    fates['onnxruntime-cpu'] = proven()
    fates['tensorflow'] = proven(160, 'float32', ['float32', 'bfloat16'])
    fates['tensorflow bfloat16'] = proven(300, 'bfloat16')
    const engines = open()
    for (let i = 0; i < 2; i++)
      expect(await engines.choose(automatic, 'float32')).toEqual({
        engine: 'tensorflow',
        precision: 'float32',
        notice: null,
        why: 'TensorFlow: 1.6 times as fast as ONNX Runtime, CPU here.',
      })
    expect(tried).toEqual(['onnxruntime-cpu', 'tensorflow', 'tensorflow bfloat16'])
    expect(await engines.choose(automatic, 'bfloat16')).toMatchObject({
      engine: 'tensorflow',
      precision: 'bfloat16',
    })
    expect(await engines.choose(automatic, 'auto')).toEqual({
      engine: 'tensorflow',
      precision: 'bfloat16',
      notice: null,
      why: 'TensorFlow: 3.0 times as fast as ONNX Runtime, CPU here. Computes in bfloat16, 1.9 times as fast as float32 here.',
    })

    fates['tensorflow'] = { dies: '' }
    await engines.calls['engines.survey']({ id: 'tensorflow' })
    expect(await engines.choose(automatic, 'float32')).toMatchObject({ engine: 'onnxruntime-cpu' })
    const fallen = await engines.choose(automatic, 'bfloat16')
    expect(fallen).toMatchObject({ engine: 'onnxruntime-cpu', precision: 'float32' })
    expect(fallen.notice).toContain('No engine here has bfloat16')
    await removeTensorflow()
  })

  it('are not tried before a run where there is but one, and at the start only where nobody chose', async () => {
    fates['onnxruntime-cpu'] = proven()
    expect(await open().choose(automatic, 'float32')).toMatchObject({ engine: 'onnxruntime-cpu' })
    expect(tried).toEqual([])
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const started = async (isBusy: boolean) => {
      open().tryAtStart(async () => isBusy)
      await vi.advanceTimersByTimeAsync(5_000)
      vi.useRealTimers()
      await new Promise((resolve) => setTimeout(resolve, 300))
      vi.useFakeTimers({ toFake: ['setTimeout'] })
      return tried
    }
    expect(await started(false)).toEqual([]) // SAIM_ENGINE names one in tests
    vi.stubEnv('SAIM_ENGINE', '')
    expect(await started(true)).toEqual([]) // a run is being trained
    await started(false)
    vi.useRealTimers()
    await expect.poll(() => tried, { timeout: 20_000 }).toEqual(['onnxruntime-cpu'])
    vi.stubEnv('SAIM_ENGINE', 'onnxruntime-cpu')
  })

  it('never hand a run to an engine without its precision: the run goes on in float32, and is told so', async () => {
    await expect(open().choose('onnxruntime-cpu', 'bfloat16')).rejects.toThrow('32 bits only')
    const fallen = await open().choose('tensorflow', 'bfloat16') // which is not installed here
    expect(fallen).toMatchObject({ engine: 'onnxruntime-cpu', precision: 'float32' })
    expect(fallen.notice).toMatch(
      /TensorFlow cannot be used: .* in float32, since it has no bfloat16, instead/,
    )
  })

  it('are tried in every precision that the device has, each in a process of its own; what fails is not used', async () => {
    fates = {
      'onnxruntime-cuda': proven(100, 'float32', ['float32', 'tf32']),
      'onnxruntime-cuda tf32': proven(300, 'tf32'),
    }
    const engines = open()
    await engines.calls['engines.survey']({ id: 'onnxruntime-cuda' })
    expect(tried).toEqual(['onnxruntime-cuda', 'onnxruntime-cuda tf32'])
    expect((await stateOf(engines, 'onnxruntime-cuda')).proof).toMatchObject({
      imagesPerSecond: 100,
      precisions: [{ precision: 'float32' }, { precision: 'tf32', imagesPerSecond: 300 }],
    })
    expect(await engines.choose('onnxruntime-cuda', 'tf32')).toMatchObject({ precision: 'tf32' })
    expect(await engines.choose('onnxruntime-cuda', 'auto')).toMatchObject({
      precision: 'tf32',
      why: 'Computes in tf32, 3.0 times as fast as float32 here.',
    })

    fates['onnxruntime-cuda tf32'] = {
      error: { code: 'engine-wrong', message: 'It computes nonsense.' },
    }
    await engines.calls['engines.survey']({ id: 'onnxruntime-cuda' })
    expect((await stateOf(engines, 'onnxruntime-cuda')).proof!.precisions).toHaveLength(1)
    const fallen = await engines.choose('onnxruntime-cuda', 'tf32')
    expect(fallen).toMatchObject({ engine: 'onnxruntime-cuda', precision: 'float32' })
    expect(fallen.notice).toContain('does not compute in tf32 here')
    expect(await engines.choose('onnxruntime-cuda', 'auto')).toMatchObject({
      ...{ precision: 'float32', notice: null, why: null },
    })
  })

  it('evaluate in the precision of the run where they showed that they have it, else in float32', async () => {
    fates = {
      'onnxruntime-cpu': proven(200),
      'onnxruntime-cuda': proven(100, 'float32', ['float32', 'tf32', 'bfloat16']),
      'onnxruntime-cuda tf32': proven(300, 'tf32'),
      'onnxruntime-cuda bfloat16': { dies: '' },
    }
    const engines = open()
    const of = (wanted: string, precision: Precision) => engines.evaluating(wanted, precision)
    // Not tested before: asking for tf32 tests it.
    const cuda = { engine: 'onnxruntime-cuda' }
    expect(await of('onnxruntime-cuda', 'tf32')).toEqual({ ...cuda, precision: 'tf32' })
    expect(await of('onnxruntime-cuda', 'bfloat16')).toEqual({ ...cuda, precision: 'float32' })
    expect(await of('onnxruntime-cpu', 'tf32')).toEqual({ engine: 'onnxruntime-cpu', precision: 'float32' })
    await engines.calls['engines.survey']({ id: 'onnxruntime-cpu' })
    expect(await of(automatic, 'tf32')).toEqual({ ...cuda, precision: 'tf32' })
    expect(await of(automatic, 'float32')).toEqual({ engine: 'onnxruntime-cpu', precision: 'float32' })
  })
})

describe('the recommendation', () => {
  const engine = (id: string, changes: Partial<EngineProof> | null): EngineInfo => ({
    id,
    title: id,
    install: null,
    expectedImagesPerSecond: null,
    description: '',
    status: changes ? 'usable' : 'unusable',
    proof: changes && proof(changes),
    problem: null,
    selected: false,
    recommendation: null,
  })
  const recommended = (engines: EngineInfo[]) =>
    withRecommendations(engines, 'auto')
      .filter(({ recommendation }) => recommendation?.recommended)
      .map(({ id }) => id)

  it('is for the fastest one that works, and says by how much', () => {
    const cpu = engine('onnxruntime-cpu', { imagesPerSecond: 100 })
    const all = [cpu, engine('gpu', { imagesPerSecond: 160 })]
    expect(recommended(all)).toEqual(['gpu'])
    expect(withRecommendations(all, 'auto')[1]!.recommendation!.reason).toBe(
      '1.6 times as fast as onnxruntime-cpu here.',
    )
    expect(recommended([cpu, engine('gpu', { imagesPerSecond: 90 })])).toEqual(['onnxruntime-cpu'])
    expect(recommended([cpu, engine('gpu', null)])).toEqual(['onnxruntime-cpu'])
  })

  it('is against a GPU in software, however fast', () => {
    const [, software] = withRecommendations(
      [
        engine('onnxruntime-cpu', { imagesPerSecond: 1 }),
        engine('webgpu', { imagesPerSecond: 9, software: true }),
      ],
      'auto',
    )
    expect(software!.recommendation).toMatchObject({ recommended: false })
  })
})
