import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changeAnnotations } from './annotations'
import { findRun, folderOfRun } from './find'
import { runPaths, updateRun } from './run-folder'

describe('what names a run', () => {
  let runs: string
  const [first, second, third] = ['birds-20260101-1', 'birds-20260102-2', 'trees-20260103-3'] as const
  const at = (id: string) => path.join(runs, id)
  const find = (given: string) => findRun(given, runs)

  beforeEach(async () => {
    runs = mkdtempSync(path.join(tmpdir(), 'saim-find-'))
    for (const id of [first, second, third]) {
      mkdirSync(at(id))
      cpSync('test/fixtures/run-0.1/run.json', runPaths(at(id)).run)
      await updateRun(at(id), { id, name: 'birds' })
    }
    await changeAnnotations(at(third), { name: 'Old trees' })
    mkdirSync(at('birds-of-a-person'))
  })
  afterEach(() => rmSync(runs, { recursive: true }))

  it('is its id, whole or as much of it as no other begins with', async () => {
    expect(await find(first)).toBe(at(first))
    expect(await find('birds-20260102')).toBe(at(second))
    expect(await find('t')).toBe(at(third))
  })

  it('is its folder, wherever that lies', async () => {
    expect(await findRun(at(first), 'elsewhere')).toBe(at(first))
    expect(await findRun(path.relative(process.cwd(), at(first)), 'elsewhere')).toBe(at(first))
  })

  it('is the name that a person gave it last', async () => {
    expect(await find('Old trees')).toBe(at(third))
    await updateRun(at(second), { name: 'birds-2026' }) // which the ids of both begin with
    expect(await find('birds-2026')).toBe(at(second))
  })

  it('is nothing that several have: they are named', async () => {
    const several = { code: 'run-missing', advice: `Give the id of one: ${first}, ${second}.` }
    await expect(find('birds')).rejects.toMatchObject(several)
    await expect(find('birds-2026')).rejects.toMatchObject(several)
  })

  it.each(['cats', '', 'birds-of-a-person', '..'])('is not "%s", which no run is called', async (given) => {
    await expect(find(given)).rejects.toMatchObject({
      code: 'run-missing',
      message: `There is no run "${given}" in ${runs}.`,
    })
  })

  it('is for programs the whole id alone', () => {
    expect(folderOfRun(first, runs)).toBe(at(first))
    expect(() => folderOfRun('birds-20260102', runs)).toThrow('no longer in the runs folder')
  })
})
