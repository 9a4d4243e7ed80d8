import { beforeEach, expect, it } from 'vitest'
import { Clock, Waiting } from './clock'

let time = 0
const pass = (milliseconds: number) => void (time += milliseconds)
beforeEach(() => void (time = 1234))
const clock = (before = 0) => new Clock(before, () => time)

it('counts on from the seconds before', () => {
  const a = clock(10)
  pass(1500)
  expect(a.seconds).toBe(11.5)
})

it('stands still while it is paused, also for who reads it then', async () => {
  const a = clock()
  pass(1000)
  const answer = await a.pause(async () => {
    pass(5000)
    expect(a.seconds).toBe(1)
    return 'done'
  })
  pass(1000)
  expect(answer).toBe('done')
  expect(a.seconds).toBe(2)
})

it('counts a pause within a pause once', async () => {
  const a = clock()
  await a.pause(async () => {
    pass(1000)
    await a.pause(async () => pass(1000))
    pass(1000)
  })
  pass(500)
  expect(a.seconds).toBe(0.5)
})

it('goes on after work that failed', async () => {
  const a = clock()
  const failing = a.pause(async () => {
    pass(1000)
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  pass(2000)
  expect(a.seconds).toBe(2)
})

it('knows the share of waiting, newest steps first', () => {
  const waiting = new Waiting()
  waiting.add(1, 4)
  expect(waiting.share).toBe(0.25)
  waiting.add(3, 4)
  expect(waiting.share).toBeCloseTo(3.9 / 7.6, 12)
})
