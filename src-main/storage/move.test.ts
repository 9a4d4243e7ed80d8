import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { moveFolder } from './move'

/** Whether the trash lies on another disk, and whether that one is full. */
let disk: 'same' | 'other' | 'full' = 'same'
const code = (name: string) => Object.assign(new Error(`${name}: as if`), { code: name })
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const rename: typeof real.rename = (from, to) =>
    disk === 'same' ? real.rename(from, to) : Promise.reject(code('EXDEV'))
  const cp: typeof real.cp = async (from, to, options) => {
    await real.cp(from, to, options)
    if (disk === 'full') throw code('ENOSPC')
  }
  return { ...real, rename, cp }
})

let root: string
let run: string
let trash: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'saim-move-'))
  ;[run, trash] = [path.join(root, 'runs', 'a-run'), path.join(root, 'trash')]
  make()
})
afterEach(() => rmSync(root, { recursive: true }))

function make(text = 'first'): void {
  mkdirSync(path.join(run, 'checkpoints'), { recursive: true })
  writeFileSync(path.join(run, 'checkpoints', 'weights'), text)
  utimesSync(path.join(run, 'checkpoints', 'weights'), 1e9, 1e9)
  writeFileSync(path.join(root, 'outside'), 'precious')
  symlinkSync('../../outside', path.join(run, 'link'))
}
const weights = (name: string) => path.join(trash, name, 'checkpoints', 'weights')

it.each(['same', 'other'] as const)(
  'a run goes to the trash on the %s disk whole, its links as links',
  async (where) => {
    disk = where
    await moveFolder(run, trash)
    expect(existsSync(run)).toBe(false)
    expect(readFileSync(weights('a-run'), 'utf8')).toBe('first')
    expect(statSync(weights('a-run')).mtimeMs).toBe(1e12)
    expect(lstatSync(path.join(trash, 'a-run', 'link')).isSymbolicLink()).toBe(true)
    expect(readlinkSync(path.join(trash, 'a-run', 'link'))).toBe('../../outside')
    expect(readFileSync(path.join(root, 'outside'), 'utf8')).toBe('precious')
  },
)

it.each(['same', 'other'] as const)(
  'one whose name is taken in the trash takes nothing from there (%s disk)',
  async (where) => {
    disk = where
    await moveFolder(run, trash)
    rmSync(path.join(root, 'outside'))
    make('second')
    await moveFolder(run, trash)
    expect(readdirSync(trash).sort()).toEqual(['a-run', 'a-run-2'])
    expect([weights('a-run'), weights('a-run-2')].map((file) => readFileSync(file, 'utf8'))).toEqual([
      'first',
      'second',
    ])
  },
)

it('where the other disk is full, the run stays and nothing is left there', async () => {
  disk = 'full'
  await expect(moveFolder(run, trash)).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(readFileSync(path.join(run, 'checkpoints', 'weights'), 'utf8')).toBe('first')
  expect(readdirSync(trash)).toEqual([])
})
