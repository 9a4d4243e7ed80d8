import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import type { EngineInfo } from '#shared/contract'
import { useApp } from '#shell/store'
import { useWelcome } from './welcome'

const fake = vi.hoisted(() => ({ backend: {} as Record<string, (input: never) => Promise<unknown>> }))
vi.mock('#backend', () => ({ backend: fake.backend, onEvent: () => () => true }))

const engine = (id: string, imagesPerSecond: number, changes: Partial<EngineInfo> = {}) =>
  ({
    ...{ id, title: id, selected: false, recommendation: null },
    proof: { imagesPerSecond, device: `the device of ${id}`, software: false },
    ...changes,
  }) as EngineInfo

async function told(...engines: EngineInfo[]) {
  fake.backend['app.info'] = async () => ({ cores: 2, memoryBytes: 24e9, host: 'browser' })
  fake.backend['settings.get'] = async () => ({})
  fake.backend['engines.list'] = async () => engines
  fake.backend['runs.sample'] = async () => ({ images: 495, classes: 8, seconds: 95 })
  await useApp().load()
  const welcome = useWelcome()
  await welcome.load()
  return welcome
}
beforeEach(() => setActivePinia(createPinia()))

const cpu = engine('onnxruntime-cpu', 40, { title: 'ONNX Runtime, CPU', selected: true })

it('says what the machine has, and which engine would be faster', async () => {
  expect((await told(cpu)).machine).toBe('2 cores, 24 GB, ONNX Runtime, CPU.')
  const faster = engine('tensorflow', 56, {
    title: 'TensorFlow',
    recommendation: { recommended: true, reason: 'The fastest one here.' },
  })
  const welcome = await told(cpu, faster)
  expect(welcome.machine).toBe('2 cores, 24 GB, ONNX Runtime, CPU. TensorFlow trains 1.4 times as fast here.')
  expect([welcome.faster?.id, welcome.sample?.images]).toEqual(['tensorflow', 495])
})

it('names a GPU that computed, but none that the CPU emulates', async () => {
  expect((await told(cpu, engine('onnxruntime-webgpu', 900))).machine).toContain(
    'the device of onnxruntime-webgpu',
  )
  const emulated = engine('onnxruntime-webgpu', 2)
  emulated.proof!.software = true
  expect((await told(cpu, emulated)).machine).toBe('2 cores, 24 GB, ONNX Runtime, CPU.')
})
