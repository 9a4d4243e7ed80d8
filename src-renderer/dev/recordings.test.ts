import { expect, it } from 'vitest'
import { type CallName, calls } from '#shared/contract'
import { recordedAnswer, recordings, unrecorded } from './recordings'

it('recordings fit the contract of today; `npm run record` renews them', () => {
  expect(recordings.length).toBeGreaterThan(30)
  for (const { call, input, output } of recordings) {
    expect(Object.keys(calls)).toContain(call)
    const schemas = calls[call as CallName]
    expect(schemas.input.safeParse(input).error, `input of ${call}`).toBeUndefined()
    expect(schemas.output.safeParse(output).error, `output of ${call}`).toBeUndefined()
  }
})

it('recordings name no place of the machine that made them', () => {
  const text = JSON.stringify(recordings)
  expect(text).not.toMatch(/\/(tmp|root|work|Users|var|mnt)\/|\/home\/(?!you\b)|[A-Z]:\\\\/)
})

it('the answer to the same question is taken before that to another, and a call without any says so', () => {
  const id = recordings.find(({ call }) => call === 'runs.get')!.input as { id: string }
  expect(recordedAnswer('runs.get', id)).toMatchObject(id)
  expect(recordedAnswer('runs.get', { id: 'another' })).toMatchObject(id)
  expect(unrecorded).toContain('runs.kill')
  expect(() => recordedAnswer('runs.kill', id)).toThrow('No answer of runs.kill is recorded.')
})
