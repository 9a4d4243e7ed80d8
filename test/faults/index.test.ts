import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import Database from 'libsql'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createServices } from '#app/backend'
import { pageOf } from '#images/index/filtered'
import { act } from '#images/index/labels'
import { openIndex } from '#images/index/open-index'
import { datasetId, indexFile } from '#platform/paths'
import { forkNode } from '#platform/processes'
import { makeImages, temporaryFolder } from '#test/helpers/runs'

/** Indexes of data sets that are damaged: they are made of the images, and so made again. */
const home = temporaryFolder()
process.env['SAIM_HOME'] = home
const folder = temporaryFolder()
const file = indexFile(folder)
const beside = () => readdirSync(path.dirname(file)).sort()

beforeAll(() => makeImages(folder, 20))
beforeEach(async () => {
  rmSync(path.dirname(file), { recursive: true, force: true })
  const index = await openIndex(folder, file)
  await index.scan()
  const ids = pageOf(index, {}, 0, 100).images.map(({ id }) => id)
  act(index, ids.slice(3, 5), { excluded: true })
  index.close()
  settle()
})

/** Puts all into the one file, as it is once nobody has it open. */
function settle(): void {
  const database = new Database(file)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  for (const ending of ['-wal', '-shm']) rmSync(file + ending, { force: true })
}

function change(from: number, value: (byte: number) => number, length = Infinity): void {
  const bytes = readFileSync(file)
  for (let i = from; i < Math.min(bytes.length, from + length); i++) bytes[i] = value(bytes[i]!)
  writeFileSync(file, bytes)
}

const sql = (text: string) => () => {
  const database = new Database(file)
  database.exec(text)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

describe('an index', () => {
  it.each<[string, () => void]>([
    ['is no database', () => writeFileSync(file, 'garbage'.repeat(1000))],
    ['is cut to half', () => truncateSync(file, readFileSync(file).length / 2)],
    ['has a damaged beginning', () => change(100, () => 7, 1900)],
    ['has flipped bits throughout', () => change(4096, (byte) => byte ^ 0x55)],
    ['has another table', sql('DROP TABLE files; CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT)')],
    ['lacks a column', sql('ALTER TABLE files DROP COLUMN orientation')],
  ])('that %s is set aside and made anew', async (_, damage) => {
    damage()
    const index = await openIndex(folder, file)
    expect(index.summary()).toMatchObject({ unreadable: 0, sizes: { maximumWidth: 60 } })
    expect(pageOf(index, {}, 0, 100).images).toHaveLength(20)
    expect(beside().filter((name) => name.endsWith('.damaged'))).toEqual([`${path.basename(file)}.damaged`])
    index.close()
  })

  it('keeps what was excluded where that can still be read', async () => {
    sql('ALTER TABLE files DROP COLUMN orientation')()
    const index = await openIndex(folder, file)
    expect(index.summary()).toMatchObject({ images: 18, excluded: 2 })
    expect(pageOf(index, { problems: ['excluded'] }, 0, 10).total).toBe(2)
    index.close()
  })

  it('keeps exclusions when pages of other things are gone', async () => {
    // The pages behind the tables of files and its indexes.
    const pages = readFileSync(file).length / 4096
    change(4096 * (pages - 2), () => 0xff)
    const index = await openIndex(folder, file)
    expect(index.summary()).toMatchObject({ excluded: 2, images: 18 })
    index.close()
  })

  it('is kept as it is where it is whole', async () => {
    const before = readFileSync(file)
    ;(await openIndex(folder, file)).close()
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(beside().some((name) => name.includes('damaged'))).toBe(false)
  })

  it('that is damaged does not keep the pages of its data set from being shown', async () => {
    const services = createServices({ kind: 'browser', fork: forkNode }, () => undefined)
    const record = {
      id: datasetId(folder),
      name: 'a',
      folder,
      addedAt: '2026-01-01T00:00:00.000Z',
      images: 'many',
    }
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(path.join(path.dirname(file), `${record.id}.json`), JSON.stringify(record))
    writeFileSync(file, 'garbage'.repeat(1000))
    try {
      const found = await services.calls['datasets.images']({ id: record.id, offset: 0, limit: 100 } as never)
      expect(found.total).toBe(20)
      expect(existsSync(`${file}.damaged`)).toBe(true)
    } finally {
      await services.close()
    }
  })

  it('shows excluded images, and not those that cannot be read any more', async () => {
    const index = await openIndex(folder, file)
    const [gone] = pageOf(index, { problems: ['excluded'] }, 0, 10).images
    const before = readFileSync(path.join(folder, gone!.path))
    writeFileSync(path.join(folder, gone!.path), 'no image')
    await index.scan()
    const page = pageOf(index, { problems: ['excluded'] }, 0, 10)
    expect(page.total).toBe(1)
    expect(page.images.map(({ width }) => width)).toEqual([60])
    expect(index.summary()).toMatchObject({ images: 18, excluded: 1, unreadable: 1 })
    writeFileSync(path.join(folder, gone!.path), before)
    await index.scan()
    expect(index.summary()).toMatchObject({ images: 18, excluded: 2, unreadable: 0 })
    index.close()
  })
})
