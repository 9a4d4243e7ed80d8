import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Child } from '#platform/processes'
import { startTraining } from './supervise'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A training process that takes steps of some seconds and then hears nothing any more. */
function hanging(secondsOfStep: number) {
  let say: (message: unknown) => void = () => undefined
  const child = {
    pid: 1,
    post: vi.fn(),
    onMessage: (listener) => void (say = listener),
    onExit: () => undefined,
    kill: vi.fn(),
  } satisfies Child
  const training = startTraining(() => child, '/nowhere')
  for (let step = 0; step < 3; step++) {
    vi.advanceTimersByTime(1000 * secondsOfStep)
    say({ type: 'progress' })
  }
  return { child, training }
}

it.each(['paused', 'stopped'] as const)('ends a process that does not end when it shall be %s', (as) => {
  const { child, training } = hanging(1)
  training.stop(as)
  expect(child.post).toHaveBeenCalledWith({ type: 'stop', as })
  vi.advanceTimersByTime(170_000)
  expect(child.kill).not.toHaveBeenCalled()
  vi.advanceTimersByTime(20_000)
  expect(child.kill).toHaveBeenCalledOnce()
})

it('waits for steps that take long', () => {
  const { child, training } = hanging(60)
  training.stop('paused')
  vi.advanceTimersByTime(19 * 60_000)
  expect(child.kill).not.toHaveBeenCalled()
  vi.advanceTimersByTime(2 * 60_000)
  expect(child.kill).toHaveBeenCalledOnce()
})
