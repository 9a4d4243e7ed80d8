import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'

/** Writes a file so that a crash leaves the old one or the new one: temporary name, flush, rename. */
export async function writeFileSafely(file: string, contents: Uint8Array | string): Promise<void> {
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

/** Makes a folder that appears whole or not at all: `fill` fills it under a temporary name. One of that name is replaced. */
export async function makeFolderSafely(
  folder: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  const [temporary, replaced] = [temporaryName(folder), temporaryName(folder)]
  try {
    await mkdir(temporary, { recursive: true })
    await fill(temporary)
    await flushFolder(temporary)
    if (existsSync(folder)) await rename(folder, replaced)
    await rename(temporary, folder)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
  await flushFolder(path.dirname(folder))
  await rm(replaced, { recursive: true, force: true })
}

/** What a folder says of its files, in the format of the program sha256sum. */
const sumsFile = 'SHA256SUMS'

/** Writes a folder of files, whole or not at all, with their checksums beside them. */
export const writeFolderSafely = (folder: string, files: Record<string, Uint8Array | string>) =>
  makeFolderSafely(folder, async (temporary) => {
    const sums = Object.entries(files).map(([name, contents]) => `${sha256(contents)}  ${name}\n`)
    for (const [name, contents] of Object.entries({ ...files, [sumsFile]: sums.join('') }))
      await writeFlushed(path.join(temporary, name), contents)
  })

/** A file of such a folder. Throws where it is missing or is not what was written. */
export async function readChecked(folder: string, name: string): Promise<Buffer> {
  const sums = await readFile(path.join(folder, sumsFile), 'utf8')
  const contents = await readFile(path.join(folder, name))
  if (!sums.split('\n').includes(`${sha256(contents)}  ${name}`))
    throw new Error(`${path.join(folder, name)} is damaged: it does not have its checksum`)
  return contents
}

export const sha256 = (contents: Uint8Array | string) => createHash('sha256').update(contents).digest('hex')

/** Flushes what was appended to a file, so that a power cut does not take it. */
export async function flushFile(file: string): Promise<void> {
  if (existsSync(file)) await using(await open(file, 'r+'), (handle) => handle.sync())
}

/** Removes what writers that were killed left behind in a folder; what is young may still be written. */
export async function removeLeftovers(folder: string, olderThan = 60_000): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!/\.\d+-\d+\.tmp$/.test(name)) continue
    const file = path.join(folder, name)
    const info = await stat(file).catch(() => null)
    if (info && Date.now() - info.mtimeMs >= olderThan) await rm(file, { recursive: true, force: true })
  }
}

/** Bytes of a file or of everything below a folder; 0 where there is nothing. */
export async function bytesOf(file: string): Promise<number> {
  const info = await stat(file).catch(() => null)
  if (!info?.isDirectory()) return info?.size ?? 0
  const names = await readdir(file).catch(() => []) // it may just have been removed
  const sizes = names.map((name) => bytesOf(path.join(file, name)))
  return (await Promise.all(sizes)).reduce((a, b) => a + b, 0)
}

let names = 0
const temporaryName = (file: string) => `${file}.${process.pid}-${names++}.tmp`

async function writeFlushed(file: string, contents: Uint8Array | string): Promise<void> {
  await using(await open(file, 'w'), async (handle) => {
    await handle.writeFile(contents)
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
