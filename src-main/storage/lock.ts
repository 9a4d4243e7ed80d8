import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { constants, copyFile, lstat, open, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { pause } from '#platform/background'
import { beginOf, describeProcess } from '#platform/process-info'
import { isMissing, readOwn, readOwnSync, unreadableNow } from './own-files'

/**
 * One writer at a time: a lock file that names its owner and whose time is its heartbeat. On the owner's own machine
 * the process itself is looked for, so that neither sleep nor a busy disk makes a lock look stale; elsewhere the
 * heartbeat must have stopped.
 */

/** A heartbeat comes every 2 seconds; without one for so long the owner on another machine is taken for gone. */
const beatEvery = 2000
const beatLimit = 60_000
/** Clocks of machines differ, but not by a day: a heartbeat from further in the future is none. */
const clockLimit = 24 * 3600_000

const ownerSchema = z.object({
  /** 0 and negative numbers would mean whole groups of processes. */
  pid: z.int().min(1),
  host: z.string(),
  /** Where a process id means something: this boot of this machine, in containers their own ids. */
  machine: z.string(),
  /** When the process began, as the system tells it; ids are used again. Null where it does not tell. */
  began: z.string().nullable(),
  token: z.string(),
})
export type LockOwner = z.infer<typeof ownerSchema>

/** The living owner of a lock, or null where it is free or stale. */
export async function lockOwner(file: string): Promise<LockOwner | null> {
  const owner = await readOwner(file)
  return owner && (await isAlive(file, owner)) ? owner : null
}

export const isHere = (owner: LockOwner) => owner.machine === machine

export class Lock {
  private constructor(
    readonly file: string,
    readonly token: string,
  ) {}

  /** Takes a lock that is free or stale. Throws AppError run-busy that names its owner. */
  static async acquire(file: string): Promise<Lock> {
    const token = randomUUID()
    const mine: LockOwner = {
      pid: process.pid,
      host: hostname(),
      machine,
      began: beginOf(process.pid),
      token,
    }
    const before = await readOwner(file)
    if (before && ((await isAlive(file, before)) || (await beats(file, before)))) throw busy(before)
    await removeStale(file, before)
    if (!(await create(file, JSON.stringify(mine)))) throw busy(await readOwner(file))
    const lock = new Lock(file, token)
    // Whoever took the lock that was there before for stale may have moved this one away.
    if (!lock.isMine()) throw busy(await readOwner(file))
    return lock
  }

  /** Whether nobody took the lock away, as another machine may after this one slept. */
  isMine(): boolean {
    try {
      return (JSON.parse(readOwnSync(this.file)) as LockOwner).token === this.token
    } catch {
      return false
    }
  }

  async release(): Promise<void> {
    if (this.isMine()) await rm(this.file, { force: true })
  }
}

/** Touches the lock from a thread, since a step blocks this loop for as long as it takes. */
export function startHeartbeat(file: string): Worker {
  const code = `const { utimesSync } = require('node:fs')
    const beat = () => utimesSync(${JSON.stringify(file)}, new Date(), new Date())
    beat(); setInterval(beat, ${beatEvery})`
  const thread = new Worker(code, { eval: true })
  thread.on('error', () => undefined) // the lock is gone; the loop will find out
  thread.unref()
  return thread
}

/** Null where there is no lock; what is no lock any more counts as one of nobody. */
async function readOwner(file: string): Promise<LockOwner | null> {
  const text = await readOwn(file).catch((error: unknown) => {
    if (!isMissing(error)) throw unreadableNow(file, error)
    return null
  })
  if (text === null) return null
  try {
    return ownerSchema.parse(JSON.parse(text))
  } catch {
    return { pid: 0, host: '', machine: '', began: null, token: '' }
  }
}

async function isAlive(file: string, owner: LockOwner): Promise<boolean> {
  if (isHere(owner)) {
    if (!processExists(owner.pid)) return false
    const began = beginOf(owner.pid)
    if (began && owner.began) return began === owner.began
  }
  const beat = await stat(file).catch(() => null)
  if (beat === null) return false
  const age = Date.now() - beat.mtimeMs
  return age < beatLimit && age > -clockLimit
}

/** Whether a lock of elsewhere still beats: clocks differ, and what slept may have just woken up. */
async function beats(file: string, owner: LockOwner): Promise<boolean> {
  if (isHere(owner) && owner.began) return false
  const time = () =>
    stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
  const before = await time()
  await pause(2.5 * beatEvery)
  return (await time()) !== before
}

/** Removes a stale lock, and no other: somebody else may have done so already and hold a new one. */
async function removeStale(file: string, stale: LockOwner | null): Promise<void> {
  if (!stale) return
  const aside = `${file}.${randomUUID()}`
  await rename(file, aside).catch(() => undefined)
  const moved = await readOwner(aside)
  if (moved && moved.token !== stale.token)
    await copyFile(aside, file, constants.COPYFILE_EXCL).catch(() => undefined)
  await rm(aside, { force: true })
}

/**
 * Writes a file where there is none; false where there is one. Others see it empty for a moment, as a lock of nobody that is
 * young: unlike a link to a file that is whole, this is possible on every file system.
 */
async function create(file: string, text: string): Promise<boolean> {
  const handle = await open(file, 'wx').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST' && (await lstat(file)).isFile()) return null
    throw error
  })
  if (!handle) return false
  try {
    await handle.writeFile(text)
    await handle.sync()
    return true
  } catch (error) {
    await rm(file, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}

/**
 * Ends the process that a lock of this machine names. Throws AppError run-busy where it is not surely the one that trains the
 * run of that name: a lock may be old, or a stranger's.
 */
export async function killOwner({ pid, began }: LockOwner, run: string): Promise<void> {
  const found = await describeProcess(pid)
  const isSame = process.platform !== 'linux' || (began !== null && beginOf(pid) === began)
  const isOurs = found?.user === process.getuid?.() || process.getuid?.() === 0
  if (!found || !isSame || !isOurs || !isTraining(found.command, run))
    throw new AppError(
      'run-busy',
      `Process ${pid} holds this run, but is not surely the one that trains it. It was left alone.`,
      'Look at it, and end it yourself.',
    )
  process.kill(pid, 'SIGKILL')
}

/** In the window a training process is a utility process of Electron, whose parameters do not stand in its command line. */
const isTraining = (command: string[], run: string) =>
  (command.some((part) => path.basename(part) === 'training.js') &&
    command.some((part) => path.basename(part) === run)) ||
  command.includes('--utility-sub-type=node.mojom.NodeService')

const busy = (owner: LockOwner | null) =>
  new AppError(
    'run-busy',
    `It is being trained already${owner?.host ? `, by process ${owner.pid} on ${owner.host}` : ''}.`,
    'Stop it there first.',
  )

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const machine = [
  hostname(),
  attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
  attempt(() => readlinkSync('/proc/self/ns/pid')),
].join(' ')

function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
