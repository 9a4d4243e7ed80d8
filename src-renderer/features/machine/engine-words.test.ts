import { expect, it } from 'vitest'
import type { EngineInfo } from '#shared/contract'
import { actionOf, choiceOf, gainOf, hintOf, stateOf } from './engine-words'

const engine = (changes: Partial<EngineInfo>) =>
  ({
    id: 'tensorflow',
    status: 'usable',
    selected: false,
    proof: null,
    problem: null,
    recommendation: null,
    ...changes,
  }) as EngineInfo
const software = { software: true } as EngineInfo['proof']

it.each<[Partial<EngineInfo>, string, ReturnType<typeof actionOf>]>([
  [{ status: 'absent' }, 'Not installed', 'install'],
  [{ status: 'unproven' }, 'Not tested', 'test'],
  [{ status: 'unproven', selected: true }, 'In use, not tested', 'test'],
  [{ status: 'proving' }, 'Testing', null],
  [{ status: 'unusable' }, 'Unavailable', 'fix'],
  [{}, 'Works', 'use'],
  [{ selected: true }, 'In use', null],
  [{ proof: software }, 'Works, slow here', 'use'],
])('an engine that is %j: %s', (changes, word, action) => {
  expect(stateOf(engine(changes)).word).toBe(word)
  expect(actionOf(engine(changes))).toBe(action)
})

it('says why an engine does not work, or what it is good for', () => {
  expect(hintOf(engine({}))).toBe('Fastest on most CPUs')
  expect(hintOf(engine({ status: 'unusable', problem: { message: 'CUDA 12 libraries are missing' } }))).toBe(
    'CUDA 12 libraries are missing',
  )
  expect(hintOf(engine({ recommendation: { recommended: true, reason: 'The fastest one here.' } }))).toBe(
    'Recommended',
  )
})

it('says which engine new runs use, who chose it and why', () => {
  const reason = '1.6 times as fast as ONNX Runtime, CPU here.'
  const tensorflow = engine({ title: 'TensorFlow', recommendation: { recommended: true, reason } })
  expect(choiceOf(tensorflow, true)).toBe(`New runs use TensorFlow, chosen by itself. ${reason}`)
  const cpu = engine({ title: 'ONNX Runtime, CPU' })
  expect(choiceOf(cpu, false)).toBe('New runs use ONNX Runtime, CPU, which you chose.')
})

it('says what an engine that is to be installed would gain, where it would', () => {
  const install = { gpu: false, downloadBytes: 274e6 }
  const absent = (changes: object) => engine({ install, expectedImagesPerSecond: 130, ...changes })
  const cpu = engine({ proof: { imagesPerSecond: 100 } as EngineInfo['proof'] })
  expect(gainOf(absent({}), cpu)).toBe('is about 1.3 times as fast here')
  expect(gainOf(absent({ install: { ...install, gpu: true } }), cpu)).toBe('trains on your NVIDIA GPU')
  expect(gainOf(absent({ expectedImagesPerSecond: 100 }), cpu)).toBe(null)
  expect(gainOf(absent({}), engine({}))).toBe(null)
  expect(gainOf(absent({ install: null }), cpu)).toBe(null)
})
