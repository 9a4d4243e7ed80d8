import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { AppError, toErrorData } from '#shared/errors'
import { reasonOf, systemError } from '#shared/system-errors'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-errno-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = path.join(folder, 'a file')
writeFileSync(file, '')
symlinkSync('circle', path.join(folder, 'circle'))

/** An error as Node throws it. */
const errno = (code: string, about?: string, syscall = 'open') =>
  Object.assign(new Error(`${code}: text of the system, ${syscall}`), { code, path: about, syscall })

const thrown = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('It threw nothing.')
}

describe('what a real file system refuses is told in words', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'a name that is too long',
      () => mkdirSync(path.join(folder, 'x'.repeat(300))),
      /^The name x{40}…x{10} is too long\.$/,
    ],
    [
      'a folder below a name that is too long',
      () => readFileSync(path.join(folder, 'x'.repeat(300), 'file')),
      /^The name x{40}…x{10} is too long\.$/,
    ],
    [
      'a folder that cannot be made',
      () => mkdirSync(path.join(folder, 'none', 'below')),
      /^The folder .*none.below cannot be made there\.$/,
    ],
    ['a file that is missing', () => readFileSync(path.join(folder, 'none')), /^There is no .*none\.$/],
    [
      'a folder given as a file',
      () => readFileSync(folder),
      /is a folder, where a file is needed|^A file is a folder/,
    ],
    ['a file given as a folder', () => readdirSync(file), /a file is a file, or leads through one/],
    [
      'a folder below a file',
      () => mkdirSync(path.join(file, 'below'), { recursive: true }),
      /leads through one/,
    ],
    ['a name that is taken', () => mkdirSync(folder), /is there already/],
    ['links in a circle', () => readFileSync(path.join(folder, 'circle')), /lead in a circle/],
    [
      'a program that is missing',
      () => {
        throw spawnSync('/no/such-program').error!
      },
      /^There is no program \/no\/such-program\.$/,
    ],
  ])('%s', (_, work, words) => {
    const { code, message, advice } = toErrorData(thrown(work))
    expect(code).toBe('file-unusable')
    expect(message).toMatch(words)
    expect(message).not.toMatch(/E[A-Z]{4,}/)
    expect(advice).toMatch(/\.$/)
  })
})

it.each([
  ['ENOSPC', 'disk-full', 'The disk is full.'],
  ['EDQUOT', 'disk-full', 'Your share of the disk (quota) is used up.'],
  ['ENOMEM', 'out-of-memory', 'There is not enough memory.'],
  ['EROFS', 'file-unusable', '/x/y is on a disk that can only be read.'],
  ['EACCES', 'file-unusable', 'There is no permission to use /x/y.'],
  ['EPERM', 'file-unusable', 'There is no permission to use /x/y.'],
  ['EMFILE', 'file-unusable', 'Too many files are open on this machine.'],
  ['ENFILE', 'file-unusable', 'Too many files are open on this machine.'],
  ['EIO', 'file-unusable', 'The disk could not read or write /x/y.'],
  ['ESTALE', 'file-unusable', 'The disk of /x/y does not answer any more.'],
  ['EFBIG', 'file-unusable', '/x/y became larger than its file system allows.'],
] as const)('%s is %s: %s', (name, code, message) => {
  expect(toErrorData(errno(name, '/x/y'))).toMatchObject({ code, message })
})

it('leaves the letters of a relative path as they are, and begins with a capital without one', () => {
  expect(systemError(errno('EROFS', 'out'))!.message).toMatch(/^out is/)
  expect(systemError(errno('EIO'))!.message).toBe('The disk could not read or write a file.')
  expect(systemError(errno('EROFS'))!.message).toMatch(/^A file is/)
})

it('knows what SQLite says', () => {
  expect(toErrorData(errno('SQLITE_FULL')).code).toBe('disk-full')
  expect(systemError(errno('SQLITE_IOERR_WRITE'))!.message).toMatch(/index of a data set/)
  const unopened = new Error('ConnectionFailed("Unable to open connection to local database /x/a.db: 14")')
  expect(systemError(unopened)!.message).toBe('There is no permission to use /x/a.db.')
})

it('leaves all other errors as they are', () => {
  expect(systemError(new AppError('disk-full', 'Full.'))).toBeNull()
  expect(systemError(errno('constructor'))).toBeNull()
  expect(toErrorData(errno('ERR_INVALID_ARG_TYPE')).code).toBe('unexpected')
  expect(reasonOf(new Error('a bug'))).toBe('a bug')
  expect(reasonOf(errno('EACCES', '/x'))).toBe('no permission')
})
