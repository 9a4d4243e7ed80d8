import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Trash } from './trash'

const home = vi.hoisted(() => ({ folder: '' }))
vi.mock('#platform/paths', () => ({ dataFolder: () => home.folder }))

let runs: string
let trash: Trash
beforeEach(() => {
  home.folder = mkdtempSync(path.join(tmpdir(), 'saim-trash-'))
  runs = path.join(home.folder, 'runs')
  trash = new Trash()
})
afterEach(() => rmSync(home.folder, { recursive: true }))

function make(name: string, text: string): string {
  const folder = path.join(runs, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'run.json'), text)
  utimesSync(folder, 1e9, 1e9) // rested for years
  return folder
}
const daysAgo = (name: string, days: number) => {
  const at = Date.now() / 1000 - days * 86_400
  utimesSync(path.join(home.folder, 'trash', name), at, at)
}

it('gives back the run that was removed last under its id', async () => {
  await trash.put(make('a-run', 'first'))
  daysAgo('a-run', 1)
  await trash.put(make('a-run', 'second'))
  expect(await trash.restore('a-run', runs)).toBe(path.join(runs, 'a-run'))
  expect(readFileSync(path.join(runs, 'a-run', 'run.json'), 'utf8')).toBe('second')
  expect((await trash.size()).runs).toBe(1)
})

it('says that a run is not there', async () => {
  await trash.put(make('a-run', ''))
  for (const id of ['a', 'a-run-2', 'another'])
    await expect(trash.restore(id, runs)).rejects.toMatchObject({ code: 'run-missing' })
})

it('deletes what has been there for its days, counted from when it came there', async () => {
  await trash.put(make('old', 'x'.repeat(1000)))
  await trash.put(make('young', ''))
  daysAgo('old', 31)
  expect(await trash.empty(30)).toBeGreaterThanOrEqual(1000)
  expect(readdirSync(path.join(home.folder, 'trash'))).toEqual(['young'])
  await trash.empty()
  expect(existsSync(path.join(home.folder, 'trash', 'young'))).toBe(false)
})
