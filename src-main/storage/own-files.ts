import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { AppError } from '#shared/errors'
import { reasonOf } from '#shared/system-errors'

/**
 * Files and folders below a folder that somebody else may have made, such as a run that was copied here. What is a link there
 * leads out of it, a pipe or a device never ends: neither is read, written or entered. The outer folder itself may be a link.
 */

/** Records are far smaller: what is larger was not written by us. */
const textLimit = 64e6

/** Where links cannot be refused while a file is opened (Windows), they are looked for before. */
const noFollow = constants.O_NOFOLLOW as number | undefined
const guarded = (flags: number) => flags | (noFollow ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Whether nothing is there, in contrast to what is there and cannot be read now. */
export const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

/** Whether a link was refused, or what cannot be opened as a file. */
const isStrange = (error: unknown): boolean =>
  ['ELOOP', 'EMLINK', 'EISDIR', 'ENXIO', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')

const strange = (file: string) =>
  new AppError(
    'not-allowed',
    `${file} is not what SAIM Studio writes there, but a link, a folder, a pipe or a device. It was left alone.`,
    'Put the file or folder itself in its place.',
  )

/** What was not written by us, and would take the memory of all else. */
export class TooLarge extends AppError {
  constructor(file: string, bytes: number) {
    super(
      'file-unusable',
      `${file} is larger than ${bytes / 1e6} MB.`,
      'Look whether it is what SAIM Studio wrote there.',
    )
  }
}

/** No file can be opened now, whichever it is: a list made then would be short without a word. */
export class OutOfHandles extends AppError {
  constructor() {
    super(
      'file-unusable',
      'No more files can be opened: the limit of the system is reached.',
      'Close other programs, or raise the limit (ulimit -n), and try again.',
    )
  }
}

/** What went wrong with a file, in words where it is known here. */
function explained(error: unknown, file: string): unknown {
  if (isStrange(error)) return strange(file)
  return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '')
    ? new OutOfHandles()
    : error
}

/** What is there and cannot be read now, as an AppError; the error itself where it is one. */
export const unreadableNow = (file: string, error: unknown): AppError =>
  error instanceof AppError
    ? error
    : new AppError(
        'file-unusable',
        `${file} cannot be read now: ${reasonOf(error)}.`,
        'Look whether its disk is there and you may read it.',
      )

/** Opens a file. Throws AppError not-allowed where it is none, and the system’s error where it cannot be opened. */
export async function openOwn(file: string, flags: number = constants.O_RDONLY): Promise<FileHandle> {
  if (noFollow === undefined && (await lstat(file).catch(() => null))?.isSymbolicLink()) throw strange(file)
  const handle = await open(file, guarded(flags)).catch((error: unknown) => {
    throw explained(error, file)
  })
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw strange(file)
}

/** Reads a file as a record or another small text. Throws as `openOwn` does, and where it is larger than any of those. */
export async function readOwn(file: string): Promise<string> {
  const handle = await openOwn(file)
  try {
    if ((await handle.stat()).size > textLimit) throw new TooLarge(file, textLimit)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

/** The end of a text, at most so many bytes of it; nothing where there is no file. Throws as `openOwn` does. */
export async function endOf(file: string, bytes: number): Promise<string> {
  const handle = await openOwn(file).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  if (!handle) return ''
  try {
    const { size } = await handle.stat()
    const start = Math.max(0, size - bytes)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start)
    const text = buffer.toString('utf8', 0, bytesRead)
    return start ? text.slice(text.indexOf('\n') + 1) : text
  } finally {
    await handle.close()
  }
}

/** Appends to a file, which begins to exist by it. Throws as `openOwn` does. */
export function appendOwn(file: string, text: string): void {
  const handle = openOwnSync(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT)
  try {
    writeSync(handle, text)
  } finally {
    closeSync(handle)
  }
}

/** `readOwn` for who has no time to wait. */
export function readOwnSync(file: string): string {
  const handle = openOwnSync(file, constants.O_RDONLY)
  try {
    if (fstatSync(handle).size > textLimit) throw new TooLarge(file, textLimit)
    return readFileSync(handle, 'utf8')
  } finally {
    closeSync(handle)
  }
}

/** Opens a file for who has no time to wait; the caller closes it. Throws as `openOwn` does. */
export function openOwnSync(file: string, flags: number): number {
  if (noFollow === undefined && lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink())
    throw strange(file)
  let handle: number
  try {
    handle = openSync(file, guarded(flags))
  } catch (error) {
    throw explained(error, file)
  }
  if (fstatSync(handle).isFile()) return handle
  closeSync(handle)
  throw strange(file)
}

/** Throws AppError not-allowed where a folder is a link or something else that leads elsewhere. */
export async function requireOwnFolder(folder: string): Promise<void> {
  const info = await lstat(folder).catch((error: unknown) => {
    if (!isMissing(error)) throw explained(error, folder)
  })
  if (info && !info.isDirectory() && !info.isFile()) throw strange(folder)
}

/**
 * What lies in a folder; nothing where there is none. Throws AppError not-allowed where it is a link, and the system’s error
 * where it cannot be read: a list that is short without a word would be taken for the truth.
 */
export async function entriesOf(folder: string): Promise<Dirent[]> {
  await requireOwnFolder(folder)
  return listOf(folder).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
}

/** What lies in a folder that may itself be a link; nothing where there is none. Throws the system’s error. */
export async function listOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw explained(error, folder)
  }
}

/** The names of the folders in a folder. Throws as `entriesOf` does. */
export const foldersIn = async (folder: string): Promise<string[]> =>
  (await entriesOf(folder)).filter((entry) => entry.isDirectory()).map(({ name }) => name)
