import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { checkFolder, readyFolder } from './ready-folder'

const home = mkdtempSync(path.join(tmpdir(), 'saim-test-'))
afterAll(() => rmSync(home, { recursive: true }))

it('makes a folder and those above it, and takes one that is there', async () => {
  const folder = path.join(home, 'a/b/c')
  await readyFolder(folder)
  await readyFolder(folder)
  expect(existsSync(folder)).toBe(true)
})

it('can be asked before, and then makes nothing', async () => {
  const folder = path.join(home, 'later/below')
  await checkFolder(folder)
  expect(existsSync(path.dirname(folder))).toBe(false)
})

it('refuses a file, and a place below one', async () => {
  writeFileSync(path.join(home, 'file'), '')
  await expect(readyFolder(path.join(home, 'file'))).rejects.toMatchObject({ code: 'not-a-folder' })
  await expect(readyFolder(path.join(home, 'file/below'))).rejects.toMatchObject({ code: 'not-a-folder' })
})

it.runIf(process.platform === 'linux')('says at once where the system makes no folders', async () => {
  await expect(readyFolder('/proc/saim/below')).rejects.toMatchObject({ code: 'ENOENT' })
})
