import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { Lock, lockOwner } from './lock'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-lock-'))
const file = path.join(folder, 'lock')
beforeEach(() => rmSync(file, { force: true }))
afterAll(() => rmSync(folder, { recursive: true }))

/** This process's own lock with changes, as another owner would have written it. */
async function lockOf(changes: object, secondsOld = 0): Promise<void> {
  rmSync(file, { force: true })
  const lock = await Lock.acquire(file)
  const mine = JSON.parse(readFileSync(file, 'utf8'))
  await lock.release()
  writeFileSync(file, JSON.stringify({ ...mine, token: 'other', ...changes }))
  const time = new Date(Date.now() - 1000 * secondsOld)
  utimesSync(file, time, time)
}

it('is held by one, named to others, and free after its release', async () => {
  const lock = await Lock.acquire(file)
  expect((await lockOwner(file))?.pid).toBe(process.pid)
  await expect(Lock.acquire(file)).rejects.toMatchObject({ code: 'run-busy' })
  await lock.release()
  expect(await lockOwner(file)).toBeNull()
  await (await Lock.acquire(file)).release()
})

it('of this machine counts as long as its process lives, however long it slept', async () => {
  await lockOf({}, 8 * 3600)
  expect(await lockOwner(file)).not.toBeNull()
})

it.runIf(process.platform === 'linux')('of a process whose id was used again is stale', async () => {
  await lockOf({ began: '1' })
  expect(await lockOwner(file)).toBeNull()
  await (await Lock.acquire(file)).release()
})

it('of a process that is gone is stale at once', async () => {
  await lockOf({ pid: 2 ** 22 - 1 })
  expect(await lockOwner(file)).toBeNull()
})

it('of another machine counts while its heart beats, by whatever clock', async () => {
  await lockOf({ machine: 'elsewhere', pid: 1 })
  await expect(Lock.acquire(file)).rejects.toMatchObject({ code: 'run-busy' })
  await lockOf({ machine: 'elsewhere', pid: 1 }, 3600)
  const beat = setInterval(() => utimesSync(file, new Date(0), new Date(Date.now() - 3.5e6)), 1000)
  await expect(Lock.acquire(file)).rejects.toMatchObject({ code: 'run-busy' })
  clearInterval(beat)
})

it('of another machine whose heart stopped is taken over, and its owner notices', async () => {
  const before = await Lock.acquire(file)
  const owner = { ...JSON.parse(readFileSync(file, 'utf8')), machine: 'elsewhere' }
  writeFileSync(file, JSON.stringify(owner))
  utimesSync(file, new Date(0), new Date(0))
  expect(before.isMine()).toBe(true)
  const lock = await Lock.acquire(file)
  expect(before.isMine()).toBe(false)
  await before.release()
  expect(lock.isMine()).toBe(true)
  await lock.release()
})

it('that is damaged is nobody’s once it is old', async () => {
  writeFileSync(file, 'no lock')
  utimesSync(file, new Date(0), new Date(0))
  await (await Lock.acquire(file)).release()
})
