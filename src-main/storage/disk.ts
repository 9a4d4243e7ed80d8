import { existsSync, lstatSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import * as files from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { bytes } from '#shared/format'

/** Free bytes of the disk that holds a folder, or will; null where Node cannot tell (before 18.15). */
export async function freeDiskBytes(folder: string): Promise<number | null> {
  if (!('statfs' in files)) return null
  const { bavail, bsize } = await files.statfs(existing(folder))
  return bavail * bsize
}

const existing = (folder: string): string => (existsSync(folder) ? folder : existing(path.dirname(folder)))

/** Throws AppError disk-full where a folder's disk has no room for so many bytes. */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeDiskBytes(folder)
  if (free !== null && free < bytes) throw diskFull(free, bytes)
}

const diskFull = (free: number, needed: number) =>
  new AppError(
    'disk-full',
    `The disk has ${bytes(free)} free, the next checkpoint needs ${bytes(needed)}. The last one is whole.`,
    'Free some space, then resume the run.',
  )

/** A little space that is kept back, so that on a full disk there is still room to say so. */
export class Reserve {
  constructor(private readonly file: string) {
    // Not through a link that may lie there, and not where a folder does.
    if (lstatSync(file, { throwIfNoEntry: false })) unlinkSync(file)
    writeFileSync(file, Buffer.alloc(256 * 1024, 1), { flag: 'wx' })
  }
  release = () => rmSync(this.file, { force: true })
}
