import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { freeName, namesOf } from './free-name'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-names-'))
afterAll(() => rmSync(folder, { recursive: true }))

it.each([
  ['other names', ['a/1.jpg', 'b/2.jpg'], ['1', '2']],
  ['the same name in two folders', ['Cat/1.jpg', 'Dog/1.jpg', 'Dog/2.jpg'], ['Cat-1', 'Dog-1', '2']],
  ['the same folder in two folders', ['x/Cat/1.jpg', 'y/Cat/1.jpg'], ['x-Cat-1', 'y-Cat-1']],
  ['the same name by another ending', ['a/1.jpg', 'a/1.png'], ['1', '1-2']],
  ['the same file twice', ['a/1.jpg', './a/1.jpg'], ['1', '1-2']],
  ['names that differ by case', ['a/Cat.jpg', 'b/cat.jpg'], ['a-Cat', 'b-cat']],
  [
    'names that differ by how an accent is written',
    ['a/\u00e9.jpg', 'b/e\u0301.jpg'],
    ['a-\u00e9', 'b-e\u0301'],
  ],
  ['a name made of another', ['a/1.jpg', 'a/1.png', 'a/1-2.jpg'], ['1', '1-2', '1-2-2']],
])('no two outputs of %s are alike', (_, files, names) => expect(namesOf(files)).toEqual(names))

it('a name that is taken, even in other letters, is not given again', async () => {
  const out = path.join(folder, 'deep', 'out')
  expect(await freeName(out, 'Cat-3', '.png')).toBe(path.join(out, 'Cat-3.png'))
  writeFileSync(path.join(out, 'cat-3.PNG'), '')
  mkdirSync(path.join(out, 'Cat-3-2.png'))
  expect(await freeName(out, 'Cat-3', '.png')).toBe(path.join(out, 'Cat-3-3.png'))
})

it('a long name is short enough for a file', async () => {
  for (const letter of ['\u00fc', '\u6f22', '\u{1f642}', 'a'])
    writeFileSync(await freeName(folder, letter.repeat(300), '-attention-12.png'), '')
})
