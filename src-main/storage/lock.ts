import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { AppError } from '#shared/errors'

/**
 * One writer at a time: a lock file that names its owner and whose time is its heartbeat. On the owner's own machine
 * the process itself is looked for, so that neither sleep nor a busy disk makes a lock look stale; elsewhere the
 * heartbeat must have stopped.
 */

/** A heartbeat comes every 2 seconds; without one for so long the owner on another machine is taken for gone. */
const beatEvery = 2000
const beatLimit = 60_000

const ownerSchema = z.object({
  pid: z.int(),
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
    // The file appears with its contents, and only where there is none.
    const temporary = `${file}.${token}`
    await writeFile(temporary, JSON.stringify(mine))
    try {
      await link(temporary, file)
    } catch {
      throw busy(await readOwner(file))
    } finally {
      await rm(temporary, { force: true })
    }
    return new Lock(file, token)
  }

  /** Whether nobody took the lock away, as another machine may after this one slept. */
  isMine(): boolean {
    try {
      return (JSON.parse(readFileSync(this.file, 'utf8')) as LockOwner).token === this.token
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
  const text = await readFile(file, 'utf8').catch(() => null)
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
  return beat !== null && Date.now() - beat.mtimeMs < beatLimit
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
  await new Promise((resolve) => setTimeout(resolve, 2.5 * beatEvery))
  return (await time()) !== before
}

/** Removes a stale lock, and no other: somebody else may have done so already and hold a new one. */
async function removeStale(file: string, stale: LockOwner | null): Promise<void> {
  if (!stale) return
  const aside = `${file}.${randomUUID()}`
  await rename(file, aside).catch(() => undefined)
  const moved = await readOwner(aside)
  if (moved && moved.token !== stale.token) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}

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

/** Linux tells it in field 22 of /proc/<pid>/stat, counted after the name, which may hold spaces. */
const beginOf = (pid: number) =>
  attempt(() => {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
  })

function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
