import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readRecord } from '#storage/record'
import type { DatasetIndex } from './index/dataset-index'
import { Manifest, writeManifest } from './manifest'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-manifest-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = path.join(folder, 'dataset.json')

const found = Array.from({ length: 1200 }, (_, i) => ({
  path: `train/class ${i % 3}/größe “${i}”.jpg`,
  bytes: 5e9 + i,
  width: 500 + i,
  height: 375,
  class: i % 3 ? `class ${i % 3}` : null,
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
  expect(manifest.classes).toEqual(['class 1', 'class 2'])
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
