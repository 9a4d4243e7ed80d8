import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { calls } from '#shared/contract'
import { answer } from './bridge'
import { Settings } from './settings'

const home = mkdtempSync(path.join(tmpdir(), 'saim-settings-'))
vi.stubEnv('SAIM_HOME', home)
const file = path.join(home, 'settings.json')
beforeEach(() => readdirSync(home).forEach((name) => rmSync(path.join(home, name))))
afterAll(() => rmSync(home, { recursive: true }))

const stored = () => JSON.parse(readFileSync(file, 'utf8'))
const store = (settings: unknown) => writeFileSync(file, JSON.stringify(settings))
const get = () => new Settings().get()

/** A change as it comes from a window, through the contract. */
async function change(changes: object, settings = new Settings()) {
  const backend = { calls: settings.calls as never, confine: (name: string) => Promise.resolve(name) }
  return answer(backend, 'settings.set', changes)
}

it('a change of one setting leaves all others as they are', async () => {
  await change({ theme: 'dark', threads: 3, updates: true, cache: 100 })
  await change({ notifications: false })
  expect(await get()).toMatchObject({ theme: 'dark', threads: 3, updates: true, cache: 100 })
  expect(await get()).toMatchObject({ notifications: false })
  expect(calls['settings.set'].input.parse({})).toEqual({})
})

it('changes at the same moment all count', async () => {
  const settings = new Settings()
  await Promise.all([
    change({ theme: 'dark' }, settings),
    change({ threads: 2 }, settings),
    change({ decoders: 4 }, settings),
  ])
  expect(await get()).toMatchObject({ theme: 'dark', threads: 2, decoders: 4 })
})

it('a value that is not known costs no other, and stays in the file until it is changed', async () => {
  store({ theme: 'sepia', threads: 2, decoders: -5, engine: 7, runsFolder: '/runs', later: { a: [1] } })
  const expected = {
    theme: 'system',
    threads: 2,
    decoders: 0,
    engine: 'onnxruntime-cpu',
    runsFolder: '/runs',
  }
  expect(await get()).toMatchObject(expected)
  await change({ threads: 4 })
  expect(stored()).toMatchObject({ theme: 'sepia', threads: 4, decoders: -5, later: { a: [1] } })
  await change({ theme: 'light' })
  expect(stored()).toMatchObject({ theme: 'light', later: { a: [1] } })
})

it('a file of a newer version is read as far as it is known, and kept', async () => {
  const newer = { format: 2, theme: 'dark', threads: { engine: 2 }, runsFolder: '/runs' }
  store(newer)
  expect(await get()).toMatchObject({ theme: 'dark', threads: 0, runsFolder: '/runs' })
  expect(await change({ theme: 'light' })).toMatchObject({ ok: false, error: { code: 'format-newer' } })
  expect(stored()).toEqual(newer)
})

it.each(['{"theme":', '[]', 'null', '"dark"', ''])('a damaged file (%s) is set aside', async (text) => {
  writeFileSync(file, text)
  expect(await get()).toMatchObject({ theme: 'system', threads: 0 })
  await change({ theme: 'light' })
  expect(stored()).toEqual({ theme: 'light' })
  expect(readFileSync(`${file}.damaged`, 'utf8')).toBe(text)
})

it('a file that cannot be read is not taken for none', async () => {
  mkdirSync(file)
  await expect(get()).rejects.toMatchObject({ code: 'not-allowed' })
  expect(await change({ theme: 'light' })).toMatchObject({ ok: false })
  rmSync(file, { recursive: true })
})
