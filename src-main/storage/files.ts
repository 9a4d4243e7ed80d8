import { createHash, type Hash } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { type FileContents, partsOf } from '#formats/bytes'
import { readSafetensors, type SafetensorsContents } from '#formats/safetensors'
import { entriesOf, isMissing, openOwn, readOwn } from './own-files'

/** Writes a file so that a crash leaves the old one or the new one: temporary name, flush, rename. */
export async function writeFileSafely(file: string, contents: FileContents): Promise<void> {
  const temporary = temporaryName(file)
  try {
    await writeFlushed(temporary, contents)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await flushFolder(path.dirname(file))
}

/**
 * Makes a folder that appears whole or not at all: `fill` fills it under a temporary name. The folder around it is made too, but
 * none above: what somebody removed does not come back in parts. Throws AppError bad-settings where there is one of that name,
 * unless it `replaces` that.
 */
export async function makeFolderSafely(
  folder: string,
  fill: (temporary: string) => Promise<void>,
  replaces = false,
): Promise<void> {
  const [temporary, replaced] = [temporaryName(folder), temporaryName(folder)]
  try {
    await makeFolder(path.dirname(folder))
    await mkdir(temporary)
    await fill(temporary)
    await flushFolder(temporary)
    if (existsSync(folder)) {
      if (!replaces) throw thereAlready(folder)
      await rename(folder, replaced)
    }
    await rename(temporary, folder)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
  await flushFolder(path.dirname(folder))
  await rm(replaced, { recursive: true, force: true })
}

/** What a person asks for never takes the place of something else. */
export const thereAlready = (file: string) =>
  new AppError('bad-settings', `${file} is there already.`, 'Name another one; nothing was overwritten.')

/** Makes a folder where there is none, inside one that is there. */
export const makeFolder = (folder: string): Promise<void> =>
  mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })

/** What a folder says of its files, in the format of the program sha256sum. */
const sumsFile = 'SHA256SUMS'

/** Writes a folder of files as `makeFolderSafely` does, with their checksums beside them. */
export const writeFolderSafely = (folder: string, files: Record<string, FileContents>, replaces = false) =>
  makeFolderSafely(
    folder,
    async (temporary) => {
      const sums = Object.entries(files).map(([name, contents]) => `${sha256(contents)}  ${name}\n`)
      for (const [name, contents] of Object.entries({ ...files, [sumsFile]: sums.join('') }))
        await writeFlushed(path.join(temporary, name), contents)
    },
    replaces,
  )

/** What is not what was written, in contrast to what cannot be read now. */
export class Damaged extends Error {}

/** A file of such a folder. Throws Damaged where it is not what was written, and the system’s error where it cannot be read. */
export async function readChecked(folder: string, name: string): Promise<Buffer> {
  const sums = await readOwn(path.join(folder, sumsFile))
  const handle = await openOwn(path.join(folder, name))
  const contents = await handle.readFile().finally(() => handle.close())
  compareSum(sums, sha256(contents), folder, name)
  return contents
}

/**
 * The tensors of a safetensors file of such a folder, of any size, each read once. Throws as `readChecked` does, and AppError
 * checkpoint-corrupt where the file has another form.
 */
export async function readCheckedTensors(folder: string, name: string): Promise<SafetensorsContents> {
  const sums = await readOwn(path.join(folder, sumsFile))
  const handle = await openOwn(path.join(folder, name))
  const hash = createHash('sha256')
  const contents = await readSafetensors(handle, (bytes) => addTo(hash, bytes)).finally(() => handle.close())
  compareSum(sums, hash.digest('hex'), folder, name)
  return contents
}

function compareSum(sums: string, sum: string, folder: string, name: string): void {
  if (!sums.split('\n').includes(`${sum}  ${name}`))
    throw new Damaged(`${path.join(folder, name)} does not have its checksum`)
}

export function sha256(contents: FileContents): string {
  const hash = createHash('sha256')
  addTo(hash, contents)
  return hash.digest('hex')
}

function addTo(hash: Hash, contents: FileContents): void {
  for (const part of partsOf(contents)) hash.update(part)
}

/** Flushes what was appended to a file, so that a power cut does not take it. */
export async function flushFile(file: string): Promise<void> {
  const handle = await openOwn(file, constants.O_RDWR).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  if (handle) await using(handle, (opened) => opened.sync())
}

/**
 * Removes what writers that were killed left behind in a folder of what was to be called `written`; what is young may still be
 * written. What anybody else calls .tmp stays.
 */
export async function removeLeftovers(folder: string, written: RegExp, olderThan = 60_000): Promise<void> {
  for (const { name } of await entriesOf(folder)) {
    const [, target] = /^(.+)\.\d+-\d+\.tmp$/.exec(name) ?? []
    if (target === undefined || !written.test(target)) continue
    const file = path.join(folder, name)
    if (Date.now() - (await lastChange(file)) >= olderThan) await rm(file, { recursive: true, force: true })
  }
}

/** When a file, or anything in a folder, was changed last, in milliseconds; never where it is gone. */
async function lastChange(file: string): Promise<number> {
  const info = await lstat(file).catch(() => null)
  if (!info?.isDirectory()) return info?.mtimeMs ?? Infinity
  const names = await readdir(file).catch(() => [])
  const below = await Promise.all(names.map((name) => lastChange(path.join(file, name))))
  return Math.max(info.mtimeMs, ...below.filter(Number.isFinite))
}

/** Bytes of a file or of everything below a folder, without what links lead to; 0 where there is nothing. */
export async function bytesOf(file: string): Promise<number> {
  const info = await lstat(file).catch(() => null)
  if (!info?.isDirectory()) return info?.isFile() ? info.size : 0
  const names = await readdir(file).catch(() => []) // it may just have been removed
  const sizes = names.map((name) => bytesOf(path.join(file, name)))
  return (await Promise.all(sizes)).reduce((a, b) => a + b, 0)
}

/** Nobody can lie in wait under a name that nobody knows before. */
let names = Math.floor(Math.random() * 2 ** 40)
const temporaryName = (file: string) => `${file}.${process.pid}-${names++}.tmp`

async function writeFlushed(file: string, contents: FileContents): Promise<void> {
  await using(await open(file, 'wx'), async (handle) => {
    for (const part of partsOf(contents)) await handle.writeFile(part)
    await handle.sync()
  })
}

/** Flushes the names in a folder; Windows has no such thing and refuses to open folders. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform !== 'win32') await using(await open(folder, 'r'), (handle) => handle.sync())
}

async function using(handle: FileHandle, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(handle)
  } finally {
    await handle.close()
  }
}
