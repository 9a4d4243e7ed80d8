import { expect, it } from 'vitest'
import type { Run } from '#shared/contract'
import type { Course } from '#shared/course'
import { fromPreset } from '#shared/settings/hyperparameters'
import { troubleOf } from './trouble'

const base = {
  id: 'herbarium',
  status: 'failed',
  step: 4200,
  latest: { step: 4210, dataWait: 0 },
  secondsLeft: null,
  stalledSeconds: null,
  decoders: 0,
  error: null,
  dataset: { name: 'Herbarium', folder: '/media/herbarium', images: 9, validation: 0 },
  hyperparameters: fromPreset('tiny', { batchSize: 128, accumulation: 1 }),
}
const run = (changes: object = {}) => ({ ...base, ...changes }) as unknown as Run
const falls: Course = { kind: 'falls' }
const known = { course: falls, newest: 4200, cores: 4 }
const failed = (code: string, more = {}) => run({ error: { code, message: 'As it came.', ...more } })

it('nothing is wrong with a run that trains well, or that finished', () => {
  expect(troubleOf(run({ status: 'running' }), known)).toBeNull()
  expect(troubleOf(run({ status: 'finished' }), known)).toBeNull()
})

it('without memory, the batch that fits comes first and keeps the effective batch', () => {
  const fits = { batchSize: 32, accumulation: 4 }
  const trouble = troubleOf(failed('out-of-memory', { remedies: [fits] }), known)!
  expect(trouble).toMatchObject({
    what: 'Not enough memory for a batch of 128',
    why: 'The checkpoint of step 4,200 is safe, so 10 steps are lost.',
    note: '32 × 4 keeps the effective batch of 128, so the result stays the same.',
  })
  expect(trouble.remedies.map(({ label, act }) => [label, act])).toEqual([
    ['Resume with batch 32 × 4', { does: 'resume', changes: fits }],
    ['Resume with gradient checkpointing', { does: 'resume', changes: { gradientCheckpointing: true } }],
    ['Change settings', { does: 'open', to: '/new/settings?like=herbarium' }],
  ])
})

it('a loss that is no number: half the rate, in words', () => {
  const changes = { baseLearningRate: 5e-4, minimumLearningRate: 0 }
  const trouble = troubleOf(failed('not-finite', { remedies: [changes] }), known)!
  expect(trouble.remedies[0]).toMatchObject({
    label: 'Resume with half the learning rate',
    act: { does: 'resume', changes },
  })
})

it('images that are gone are located, a full disk is cleared', () => {
  expect(troubleOf(failed('folder-missing'), known)!.remedies[0]!.act).toEqual({ does: 'locate' })
  expect(troubleOf(failed('disk-full'), known)!.remedies[0]!.act).toEqual({
    does: 'open',
    to: '/machine#storage',
  })
})

it('a run without a word, or without a step', () => {
  const dead = troubleOf(run({ status: 'interrupted' }), known)!
  expect(dead.remedies.map(({ label }) => label)).toEqual(['Resume from step 4,200'])
  const stuck = troubleOf(run({ status: 'running', stalledSeconds: 184 }), known)!
  expect(stuck.what).toBe('No step for 3 min')
  expect(stuck.remedies.map(({ act }) => act)).toEqual([{ does: 'restart', saving: false }, { does: 'kill' }])
})

it('a rising loss goes back to the checkpoint, a flat one may stop', () => {
  const running = run({ status: 'running', secondsLeft: 60 })
  const rising = troubleOf(running, { ...known, course: { kind: 'rises', since: 3000 } })!
  expect(rising.remedies[0]).toMatchObject({
    label: 'Go back to step 4,200 with half the learning rate',
    act: { does: 'restart', saving: false, changes: { baseLearningRate: 5e-4 } },
  })
  const early = troubleOf(running, { ...known, newest: null, course: { kind: 'rises', since: 30 } })!
  expect(early.remedies.map(({ label }) => label)).toEqual(['Stop'])
  const flat = troubleOf(running, { ...known, course: { kind: 'flat', since: 3000 } })!
  expect(flat.why).toBe('Hardly any gain since step 3,000, and 1 min left.')
  expect(flat.remedies[0]!.act).toEqual({ does: 'stop' })
})

it('who waits for images gets more threads, while there are cores', () => {
  const waits = (decoders: number) =>
    troubleOf(run({ status: 'running', decoders, latest: { step: 9, dataWait: 0.22 } }), known)!
  expect(waits(1)).toMatchObject({
    what: 'Waiting for images 22% of the time',
    remedies: [{ label: 'Use 2 decoding threads', act: { does: 'restart', saving: true, decoders: 2 } }],
  })
  expect(waits(0).remedies[0]!.label).toBe('Use 4 decoding threads')
  expect(waits(4).remedies[0]!.act).toEqual({ does: 'open', to: '/settings' })
})
