import { expect, it } from 'vitest'
import { latest } from './latest'

it('does the work once at a time, and once more for all that was asked meanwhile', async () => {
  const ends: (() => void)[] = []
  const ask = latest(() => new Promise((resolve) => ends.push(resolve)))
  ask()
  ask()
  ask()
  expect(ends).toHaveLength(1)
  ends[0]!()
  await expect.poll(() => ends.length).toBe(2)
  ends[1]!()
  await new Promise((resolve) => setTimeout(resolve))
  expect(ends).toHaveLength(2)
})
