import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { appendLine, readLines } from './json-lines'
import { appendOwn, entriesOf, foldersIn, openOwn, readOwn, readOwnSync } from './own-files'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-own-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string) => path.join(folder, name)
writeFileSync(at('file'), 'text')
mkdirSync(at('folder'))
symlinkSync(at('file'), at('link'))
symlinkSync(at('folder'), at('linked folder'))
symlinkSync(at('nowhere'), at('dangling'))
if (process.platform !== 'win32') execFileSync('mkfifo', [at('pipe')])

const strange = [
  'link',
  'linked folder',
  'dangling',
  'folder',
  ...(process.platform === 'win32' ? [] : ['pipe']),
]

it.each(strange)('a %s is not read, appended to or waited for', async (name) => {
  const refused = { code: 'not-allowed', message: expect.stringContaining(at(name)) }
  await expect(openOwn(at(name))).rejects.toMatchObject(refused)
  await expect(readOwn(at(name))).rejects.toMatchObject(refused)
  await expect(readLines(at(name))).rejects.toMatchObject(refused)
  expect(() => readOwnSync(at(name))).toThrow(expect.objectContaining(refused))
  expect(() => appendOwn(at(name), 'more')).toThrow(expect.objectContaining(refused))
  expect(() => appendLine(at(name), { a: 1 })).toThrow(expect.objectContaining(refused))
  expect(readFileSync(at('file'), 'utf8')).toBe('text')
})

it.runIf(process.platform === 'linux')('a device is not read either', async () => {
  await expect(readOwn('/dev/zero')).rejects.toMatchObject({ code: 'not-allowed' })
})

it('a file is read and appended to, and begins to exist by it', async () => {
  appendOwn(at('new'), 'a')
  appendOwn(at('new'), 'b')
  expect([await readOwn(at('new')), readOwnSync(at('new'))]).toEqual(['ab', 'ab'])
})

it('a folder that is not there holds nothing; one that is a link is refused', async () => {
  expect(await entriesOf(at('nowhere'))).toEqual([])
  expect(await entriesOf(path.join(at('file'), 'below'))).toEqual([])
  await expect(entriesOf(at('linked folder'))).rejects.toMatchObject({ code: 'not-allowed' })
  expect(await foldersIn(folder)).toEqual(['folder'])
})
