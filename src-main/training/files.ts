import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'

/** Writes a file so that a crash leaves the old one or the new one: temporary name, flush, rename. */
export async function writeFileSafely(file: string, contents: Uint8Array | string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  await writeFlushed(temporary, contents)
  await rename(temporary, file)
  await flushFolder(path.dirname(file))
}

/** Writes a folder of files so that it appears whole or not at all. A folder of that name is replaced. */
export async function writeFolderSafely(
  folder: string,
  files: Record<string, Uint8Array | string>,
): Promise<void> {
  const temporary = `${folder}.${process.pid}.tmp`
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary, { recursive: true })
  for (const [name, contents] of Object.entries(files))
    await writeFlushed(path.join(temporary, name), contents)
  await flushFolder(temporary)
  await rm(folder, { recursive: true, force: true })
  await rename(temporary, folder)
  await flushFolder(path.dirname(folder))
}

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
