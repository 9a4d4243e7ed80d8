import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { bytesOf, removeLeftovers, writeFileSafely, writeFolderSafely } from './files'

const root = mkdtempSync(path.join(tmpdir(), 'saim-files-'))
const folder = path.join(root, 'folder')
const at = (...names: string[]) => path.join(folder, ...names)
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
})
afterAll(() => rmSync(root, { recursive: true }))

/** A folder with a file in it, both last changed so many seconds ago. */
function aged(name: string, seconds: number, inside = seconds): void {
  mkdirSync(at(name))
  writeFileSync(at(name, 'file'), 'contents')
  const ago = (n: number) => new Date(Date.now() - 1000 * n)
  utimesSync(at(name, 'file'), ago(inside), ago(inside))
  utimesSync(at(name), ago(seconds), ago(seconds))
}

it('leftovers of what is written there go; what others call .tmp stays', async () => {
  aged('00000010.77-3.tmp', 600)
  for (const name of ['mine.77-3.tmp', '00000010.tmp', 'backup.2026-11.tmp', 'x.00000010.77-3.tmp'])
    aged(name, 600)
  await removeLeftovers(folder, /^\d{8,}$/)
  expect(existsSync(at('00000010.77-3.tmp'))).toBe(false)
  for (const name of ['mine.77-3.tmp', '00000010.tmp', 'backup.2026-11.tmp', 'x.00000010.77-3.tmp'])
    expect(readFileSync(at(name, 'file'), 'utf8')).toBe('contents')
})

it('a leftover stays while somebody writes into it, however old its folder is', async () => {
  aged('00000010.77-3.tmp', 600, 5)
  await removeLeftovers(folder, /^\d{8,}$/)
  expect(existsSync(at('00000010.77-3.tmp', 'file'))).toBe(true)
})

it('a folder that was removed does not come back with what is written below it', async () => {
  rmSync(folder, { recursive: true })
  await expect(writeFolderSafely(at('checkpoints', '00000010'), { a: 'a' })).rejects.toThrow('ENOENT')
  await expect(writeFileSafely(at('run.json'), 'a')).rejects.toThrow('ENOENT')
  expect(existsSync(folder)).toBe(false)
})

it('a link at the place of a file is replaced; what it led to stays', async () => {
  const target = path.join(root, 'target')
  writeFileSync(target, 'precious')
  symlinkSync(target, at('file'))
  await writeFileSafely(at('file'), 'new')
  expect(readFileSync(target, 'utf8')).toBe('precious')
  expect(readFileSync(at('file'), 'utf8')).toBe('new')
})

it('bytes are those of the folder, not of what links lead to', async () => {
  writeFileSync(path.join(root, 'large'), Buffer.alloc(1000))
  symlinkSync(path.join(root, 'large'), at('link'))
  for (const name of ['a', 'b', 'c']) symlinkSync('.', at(name)) // which would never end
  writeFileSync(at('file'), Buffer.alloc(10))
  expect(await bytesOf(folder)).toBe(10)
})
