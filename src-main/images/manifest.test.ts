import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { sha256 } from '#storage/files'
import { readRecord } from '#storage/record'
import type { DatasetIndex } from './index/dataset-index'
import { Manifest, writeManifest } from './manifest'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-manifest-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = path.join(folder, 'dataset.json')

/** Characters that end lines for some programs, and others that names of files can have. */
const odd = [
  '\u2028',
  '\u2029',
  '\u0085',
  '\r',
  '\n',
  '\r\n',
  '\v',
  '\f',
  '\\',
  '"',
  '},\n{"',
  '\u202e',
  '\u0001',
  ',',
]

const found = Array.from({ length: 1200 }, (_, i) => ({
  path: `train/class ${i % 3}/größe “${i}${odd[i % odd.length]}.jpg`,
  bytes: 5e9 + i,
  width: 500 + i,
  height: 375,
  class: i % 3 ? `class ${i % 3}\u2028` : null,
  split: i % 100 ? null : ('test' as const),
}))
const index = {
  summary: () => ({ splits: { validation: 0 } }),
  *usable() {
    yield found.slice(0, 500)
    yield []
    yield found.slice(500)
  },
} as unknown as DatasetIndex

it('a manifest says of every image what was found, in a record that others can read', async () => {
  const counts = await writeManifest(file, index, { fraction: 0.25, seed: 1 })
  expect(counts.test).toBe(12)
  expect(counts.train + counts.validation + counts.test).toBe(1200)
  const manifest = await Manifest.read(file)
  expect(manifest.length).toBe(1200)
  expect(manifest.classes).toEqual(['class 1\u2028', 'class 2\u2028'])
  const { images } = await readRecord(file)
  expect(images).toEqual(found.map((_, i) => manifest.at(i)))
  expect(manifest.at(1199)).toMatchObject({ ...found[1199], split: expect.any(String) })
  expect(manifest.indicesOf('validation')).toHaveLength(counts.validation)
  expect(manifest.label(0)).toBe(-1)
})

it('a damaged manifest is noticed, and its copy read', async () => {
  const text = readFileSync(file, 'utf8')
  const whole = await Manifest.read(file)
  writeFileSync(file, text.replace('501', '509'))
  expect((await Manifest.read(file)).at(1)).toEqual(whole.at(1))
  writeFileSync(`${file}.copy`, text.slice(0, 9000))
  await expect(Manifest.read(file)).rejects.toThrow('damaged')
})

it('a manifest that another program gave other line ends is the same', async () => {
  await writeManifest(file, index, { fraction: 0.25, seed: 1 })
  const before = await Manifest.read(file)
  const changed = path.join(folder, 'changed.json')
  writeFileSync(changed, readFileSync(file, 'utf8').replaceAll('\n', '\r\n'))
  expect((await Manifest.read(changed)).at(700)).toEqual(before.at(700))
})

it.each([{ path: 7 }, { bytes: -1 }, { width: null }, { height: 1.5 }, { class: 3 }, { split: 'all' }])(
  'an image of %o is none, whatever its checksum says',
  async (change) => {
    const one = { ...index, *usable() { yield [{ ...found[0], ...change }] } } as unknown as DatasetIndex // prettier-ignore
    const written = path.join(folder, 'odd.json')
    if ('split' in change) {
      // As somebody writes it who knows how to make the checksum.
      await writeManifest(written, one, { fraction: 0, seed: 1 })
      const { sha256: sum, body } = resealed(readFileSync(written, 'utf8').replace('"test"', '"all"'))
      for (const name of [written, `${written}.copy`]) writeFileSync(name, `${body},\n "sha256": "${sum}"\n}`)
    } else await writeManifest(written, one, { fraction: 0, seed: 1 })
    await expect(Manifest.read(written)).rejects.toThrow('no image')
  },
)

function resealed(text: string) {
  const body = text.slice(0, text.lastIndexOf(',\n "sha256"'))
  return { body, sha256: sha256(body) }
}
