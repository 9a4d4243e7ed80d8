import { z } from 'zod'

/** What a file system, an operating system or SQLite refuses, in words. The one place that knows their codes. */
export interface SystemError {
  /** The code, as Node names it: `EACCES`. */
  name: string
  /** Why, after a colon: `no permission`. */
  reason: string
  /** What happened, in a sentence. */
  message: string
  advice: string
}

/** `what` is the path or program that it is about, where that is known. */
type Words = (what: string, error: ErrnoError) => Omit<SystemError, 'name'>

interface ErrnoError {
  code: string
  syscall?: string
  path?: string
}

const elsewhere = 'Change its permissions, or choose another place.'

const noPermission: Words = (what) => ({
  reason: 'no permission',
  message: `There is no permission to use ${what}.`,
  advice: elsewhere,
})
const readOnly: Words = (what) => ({
  reason: 'it is on a disk that can only be read',
  message: `${what} is on a disk that can only be read.`,
  advice: 'Choose a place that can be written to.',
})
const full: Words = () => ({
  reason: 'the disk is full',
  message: 'The disk is full.',
  advice: 'Free some space, then try again.',
})
const tooManyFiles: Words = () => ({
  reason: 'too many files are open',
  message: 'Too many files are open on this machine.',
  advice: 'Close other programs, or raise the limit (ulimit -n), then try again.',
})
const brokenDisk: Words = (what) => ({
  reason: 'the disk cannot read or write it',
  message: `The disk could not read or write ${what}.`,
  advice: 'Check the disk and its connection, and copy what matters to another one.',
})
const lostDisk: Words = (what) => ({
  reason: 'its disk does not answer',
  message: `The disk of ${what} does not answer any more.`,
  advice: 'Connect it again, then try again.',
})
const inUse: Words = (what) => ({
  reason: 'another program uses it',
  message: `Another program uses ${what}.`,
  advice: 'Close the other program, then try again.',
})
const cannotDo: Words = (what) => ({
  reason: 'its file system cannot do this',
  message: `The file system of ${what} cannot do what is needed.`,
  advice: 'Choose a folder on another disk.',
})

const missing = (what: string) => ({
  reason: 'there is no such file or folder',
  message: `There is no ${what}.`,
  advice: 'Check the path: it may have been moved, renamed or removed.',
})
const noProgram = (what: string) => ({
  reason: 'there is no such program',
  message: `There is no program ${what}.`,
  advice: 'Install it, or correct its path.',
})
/** Node says of a disk that can only be read, too, that what was to be made is missing. */
const notMade = (what: string) => ({
  reason: 'the folder cannot be made',
  message: `The folder ${what} cannot be made there.`,
  advice: 'Choose a place that can be written to: its disk may be read-only, or a link may lead nowhere.',
})

const words: Record<string, Words> = {
  EACCES: noPermission,
  EPERM: noPermission,
  EROFS: readOnly,
  ENOSPC: full,
  EDQUOT: () => ({
    reason: 'your share of the disk is used up',
    message: 'Your share of the disk (quota) is used up.',
    advice: 'Free some space, then try again.',
  }),
  EFBIG: (what) => ({
    reason: 'it is too large for its file system',
    message: `${what} became larger than its file system allows.`,
    advice: 'Choose a folder on another disk: FAT allows 4 GB.',
  }),
  ENAMETOOLONG: (what) => ({
    reason: 'its name is too long',
    message: `The name ${shortened(what)} is too long.`,
    advice: 'Choose a shorter name or path.',
  }),
  ENOENT: (what, { syscall = '' }) =>
    syscall.startsWith('spawn') ? noProgram(what) : syscall === 'mkdir' ? notMade(what) : missing(what),
  ENOTDIR: (what) => ({
    reason: 'it is a file, or leads through one',
    message: `${what} is a file, or leads through one, where a folder is needed.`,
    advice: 'Check the path.',
  }),
  EISDIR: (what) => ({
    reason: 'it is a folder',
    message: `${what} is a folder, where a file is needed.`,
    advice: 'Name a file.',
  }),
  EEXIST: (what) => ({
    reason: 'it is there already',
    message: `${what} is there already.`,
    advice: 'Choose another name, or remove it.',
  }),
  ENOTEMPTY: (what) => ({
    reason: 'it is not empty',
    message: `${what} is not empty.`,
    advice: 'Choose another name, or empty it.',
  }),
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
  EIO: brokenDisk,
  ESTALE: lostDisk,
  ENODEV: lostDisk,
  ENXIO: lostDisk,
  EHOSTDOWN: lostDisk,
  EBUSY: inUse,
  ETXTBSY: inUse,
  ELOOP: (what) => ({
    reason: 'its links lead in a circle',
    message: `The links of ${what} lead in a circle.`,
    advice: 'Name the file or folder itself.',
  }),
  EXDEV: (what) => ({
    reason: 'it is on another disk',
    message: `${what} cannot be moved to another disk.`,
    advice: 'Choose a place on the same disk.',
  }),
  ENOTSUP: cannotDo,
  EOPNOTSUPP: cannotDo,
  ENOSYS: cannotDo,
  EADDRINUSE: () => ({
    reason: 'the port is taken',
    message: 'The port is taken by another program.',
    advice: 'Choose another port.',
  }),
  EADDRNOTAVAIL: () => ({
    reason: 'this machine has no such address',
    message: 'This machine has no such address.',
    advice: 'Choose one of its addresses.',
  }),
  EPIPE: () => ({
    reason: 'the other program has ended',
    message: 'The program at the other end has ended.',
    advice: 'Try again.',
  }),
  EAGAIN: () => ({
    reason: 'the system has no more processes or threads',
    message: 'The system has no more processes or threads to give.',
    advice: 'Close other programs, or raise the limit (ulimit -u), then try again.',
  }),
  ENOMEM: () => ({
    reason: 'there is not enough memory',
    message: 'There is not enough memory.',
    advice: 'Close other programs, then try again.',
  }),
}

/** SQLite's codes as those of the system. */
const sqlite: [RegExp, string][] = [
  [/^SQLITE_FULL/, 'ENOSPC'],
  [/^SQLITE_READONLY/, 'EROFS'],
  [/^SQLITE_(PERM|CANTOPEN|AUTH)/, 'EACCES'],
  [/^SQLITE_IOERR/, 'EIO'],
  [/^SQLITE_(BUSY|LOCKED)/, 'EBUSY'],
  [/^SQLITE_NOMEM/, 'ENOMEM'],
]

/** The words for what Node or SQLite threw; null for any other error. */
export function systemError(error: unknown): SystemError | null {
  if (!(error instanceof Error)) return null
  const { code, path, syscall } = error as Partial<ErrnoError>
  // libsql gives no code where it cannot open a file.
  const unopened = /^ConnectionFailed\("Unable to open connection to local database (.*): \d+"\)$/.exec(
    error.message,
  )
  if (unopened) return { name: 'EACCES', ...noPermission(unopened[1]!, { code: 'EACCES' }) }
  if (typeof code !== 'string') return null
  const name = sqlite.find(([pattern]) => pattern.test(code))?.[1] ?? code
  if (!Object.hasOwn(words, name)) return null
  const unnamed = name === code ? 'a file' : 'the index of a data set'
  const said = words[name]!(path ?? unnamed, { code: name, syscall })
  return path === undefined ? { name, ...said, message: capitalised(said.message) } : { name, ...said }
}

/** Whether the system refused something, in words that are known here or not. */
export const isOfSystem = (error: unknown): boolean =>
  systemError(error) !== null || typeof (error as { errno?: unknown } | null)?.errno === 'number'

/** Why something failed, on one line, to stand after a colon: in words where the system or a schema refused it. */
export const reasonOf = (error: unknown): string =>
  error instanceof z.ZodError
    ? error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; ')
    : (systemError(error)?.reason ?? (error instanceof Error ? error.message : String(error)))

const capitalised = (text: string) => text[0]!.toUpperCase() + text.slice(1)

/** The longest part of a path, without its middle, so that the sentence around it can be read. */
const shortened = (path: string) => {
  const longest = path.split('/').reduce((a, b) => (b.length > a.length ? b : a))
  return longest.length > 60 ? `${longest.slice(0, 40)}…${longest.slice(-10)}` : path
}
