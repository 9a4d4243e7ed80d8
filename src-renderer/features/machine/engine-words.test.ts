import { expect, it } from 'vitest'
import type { EngineInfo } from '#shared/contract'
import { actionOf, hintOf, stateOf } from './engine-words'

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
    'Recommended. The fastest one here.',
  )
})
