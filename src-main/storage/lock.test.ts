import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { beginOf } from '#platform/process-info'
import { killOwner, Lock, lockOwner } from './lock'

// As on exFAT and some network disks.
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  link: () => Promise.reject(Object.assign(new Error('EPERM: no hard links here'), { code: 'EPERM' })),
}))

const folder = mkdtempSync(path.join(tmpdir(), 'saim-lock-'))
const file = path.join(folder, 'lock')
beforeEach(() => rmSync(file, { recursive: true, force: true }))
afterAll(() => rmSync(folder, { recursive: true }))

/** This process's own lock with changes, as another owner would have written it. */
async function lockOf(changes: object, secondsOld = 0, at = file): Promise<void> {
  rmSync(at, { force: true })
  const lock = await Lock.acquire(at)
  const mine = JSON.parse(readFileSync(at, 'utf8'))
  await lock.release()
  writeFileSync(at, JSON.stringify({ ...mine, token: 'other', ...changes }))
  const time = new Date(Date.now() - 1000 * secondsOld)
  utimesSync(at, time, time)
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

/** Each waits for a heartbeat. */
describe.concurrent('whose heart may have stopped', () => {
  it('counts while it beats, by whatever clock', async ({ expect }) => {
    const file = path.join(folder, 'beats')
    await lockOf({ machine: 'elsewhere', pid: 1 }, 0, file)
    await expect(Lock.acquire(file)).rejects.toMatchObject({ code: 'run-busy' })
    await lockOf({ machine: 'elsewhere', pid: 1 }, 3600, file)
    const beat = setInterval(() => utimesSync(file, new Date(0), new Date(Date.now() - 3.5e6)), 1000)
    await expect(Lock.acquire(file)).rejects.toMatchObject({ code: 'run-busy' })
    clearInterval(beat)
  })

  it('on another machine is taken over where it has, and its owner notices', async ({ expect }) => {
    const file = path.join(folder, 'stopped')
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

  it('and that is damaged is nobody’s once it is old', async () => {
    const file = path.join(folder, 'damaged')
    writeFileSync(file, 'no lock')
    utimesSync(file, new Date(0), new Date(0))
    await (await Lock.acquire(file)).release()
  })
})

it.each([0, -1, 1.5, '1'])('that names process %s names nobody', async (pid) => {
  await lockOf({ pid }, 3600)
  expect(await lockOwner(file)).toBeNull()
})

it('whose heart beats in days to come is stale: no clock is that wrong', async () => {
  await lockOf({ machine: 'elsewhere', pid: 1 }, -3 * 24 * 3600)
  expect(await lockOwner(file)).toBeNull()
  await lockOf({ machine: 'elsewhere', pid: 1 }, -600)
  expect(await lockOwner(file)).not.toBeNull()
})

it('that is a link or a folder is left alone and told', async () => {
  const target = path.join(folder, 'target')
  writeFileSync(target, 'precious')
  symlinkSync(target, file)
  await expect(lockOwner(file)).rejects.toMatchObject({ code: 'not-allowed' })
  await expect(Lock.acquire(file)).rejects.toMatchObject({ code: 'not-allowed' })
  rmSync(file)
  mkdirSync(file)
  await expect(Lock.acquire(file)).rejects.toMatchObject({ code: 'not-allowed' })
  expect(readFileSync(target, 'utf8')).toBe('precious')
})

it('goes to one of many who want it at once', async () => {
  const wanting = Array.from({ length: 20 }, () => Lock.acquire(file))
  const got = (await Promise.allSettled(wanting)).filter(({ status }) => status === 'fulfilled')
  expect(got).toHaveLength(1)
})

it.runIf(process.platform === 'linux')(
  'that cannot be written for another reason is not called busy',
  async () => {
    await expect(Lock.acquire(path.join(folder, 'gone', 'lock'))).rejects.toMatchObject({ code: 'ENOENT' })
  },
)

const canLook = process.platform === 'linux' || process.platform === 'darwin'
it.runIf(canLook)('has its process ended where that is the training of the run, and no other', async () => {
  const training = path.join(folder, 'training.js')
  writeFileSync(training, 'setInterval(() => 0, 1000)')
  const other = spawn('sleep', ['60'])
  const ours = spawn('node', [training, path.join(folder, 'run-1')])
  await Promise.all([other, ours].map((child) => new Promise((resolve) => child.once('spawn', resolve))))
  const ended = new Promise((resolve) => ours.once('exit', (_, signal) => resolve(signal)))
  const ownerOf = (pid: number, changes = {}) => ({
    ...{ pid, host: 'here', machine: 'this', began: beginOf(pid), token: 'a' },
    ...changes,
  })
  const refused = { code: 'run-busy', message: expect.stringContaining('was left alone') }
  await expect(killOwner(ownerOf(other.pid!), 'run-1')).rejects.toMatchObject(refused)
  await expect(killOwner(ownerOf(ours.pid!), 'run-2')).rejects.toMatchObject(refused)
  if (process.platform === 'linux')
    for (const began of ['1', null])
      await expect(killOwner(ownerOf(ours.pid!, { began }), 'run-1')).rejects.toMatchObject(refused)
  await killOwner(ownerOf(ours.pid!), 'run-1')
  expect(await ended).toBe('SIGKILL')
  expect(other.exitCode ?? other.signalCode).toBeNull()
  other.kill()
})
