import { afterAll, expect, it } from 'vitest'
import { forkNode } from './processes'

const { execPath } = process
afterAll(() => void (process.execPath = execPath))

it('tells once of a process that cannot be started', async () => {
  process.execPath = '/nowhere/node'
  const child = forkNode('library', [])
  const ends: [number | null, string][] = []
  await new Promise<void>((resolve) => {
    child.onExit((code, errors) => {
      ends.push([code, errors])
      setTimeout(resolve, 200)
    })
  })
  child.post({})
  expect(ends).toEqual([[null, expect.stringContaining('ENOENT')]])
})
