import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import type { DatasetFilter } from '#shared/contract'
import { readCsv } from '#shared/csv'
import { DatasetIndex } from '#images/index/dataset-index'
import { pageOf } from '#images/index/filtered'
import { act } from '#images/index/labels'
import {
  keepOdd,
  oddCsv,
  oddOf,
  oddPatches,
  ordinaryImages,
  patchesAsText,
  setOddThreshold,
} from '#images/index/odd'
import { makeImages, temporaryFolder } from '#test/helpers/runs'

/** What was found of odd images, beside the index of a data set: kept over starts and scans, listed, with a threshold. */
let folder: string
let file: string
let index: DatasetIndex
const names = (filter: DatasetFilter = {}) =>
  pageOf(index, filter, 0, 100).images.map(({ path: one }) => one.slice(-7, -4))
const about = { run: 'a-run', step: 3, ordinary: { classes: ['even'] }, at: '2026-11-29T12:00:00Z' }
const scores = [0.1, 0.75, 0.3, 0.5, 0.2, 0.9]
/** Lines of the images by their numbers: those of even numbers are in a folder “even”, the others in “odd”. */
const lines = () =>
  scores.map((score, i) => ({
    path: `${i % 2 ? 'odd' : 'even'}/image 00${i}.jpg`,
    ...{ score, ordinary: i % 2 === 0, patches: patchesAsText(Float32Array.of(score, score / 2, 0, 0.25)) },
  }))
async function keep(found: object[]) {
  const written = path.join(temporaryFolder(), 'odd.jsonl')
  writeFileSync(written, found.map((line) => `${JSON.stringify(line)}\n`).join(''))
  await keepOdd(index, about, written)
}

beforeEach(async () => {
  folder = temporaryFolder()
  await makeImages(folder, 6)
  file = path.join(temporaryFolder(), 'index.db')
  index = new DatasetIndex(folder, file)
  await index.scan()
})

it('lists the oddest first, and those from a threshold on that few ordinary ones reach', async () => {
  expect(oddOf(index)).toBeNull()
  await keep([...lines(), { ...lines()[0]!, path: 'gone.jpg' }])
  expect(names({ sort: 'odd' })).toEqual(['005', '001', '003', '002', '004', '000'])
  const found = oddOf(index)!
  expect(found).toMatchObject({ ...about, images: 6, low: 0.1, high: 0.9, threshold: 0.3, above: 4 })
  expect(found.bins.reduce((a, b) => a + b)).toBe(6)
  expect([found.bins[0], found.bins.at(-1)]).toEqual([1, 1])
  expect(names({ sort: 'odd', odd: 0.5 })).toEqual(['005', '001', '003'])
  expect(oddPatches(index, pageOf(index, { sort: 'odd' }, 2, 1).images[0]!.id)).toEqual([0.5, 0.25, 0, 0.25])
  expect(oddPatches(index, 999)).toBeNull()
})

it('keeps what was found and the threshold over a start and over scans, but not of images that changed', async () => {
  await keep(lines())
  setOddThreshold(index, 0.6)
  index.close()
  index = new DatasetIndex(folder, file)
  expect(oddOf(index)).toMatchObject({ threshold: 0.6, above: 2 })
  const [head, first, , third] = readCsv(oddCsv(index))
  expect(head).toEqual(['path', 'score', 'odd'])
  expect(first).toEqual(['odd/image 005.jpg', '0.9000', 'yes'])
  expect(third).toEqual(['odd/image 003.jpg', '0.5000', 'no'])
  writeFileSync(path.join(folder, 'odd', 'image 005.jpg'), 'no image any more')
  await index.scan()
  expect(oddOf(index)).toMatchObject({ images: 5, high: 0.75, above: 1 })
})

it('puts what is found in place of what was known, all or nothing', async () => {
  await keep(lines())
  await expect(keep([{ ...lines()[0], patches: null }])).rejects.toThrow(/NOT NULL/)
  expect(oddOf(index)).toMatchObject({ images: 6 })
  await keep(lines().slice(0, 2))
  expect(oddOf(index)).toMatchObject({ images: 2, high: 0.75 })
  expect(() => oddCsv(new DatasetIndex(folder, ':memory:'))).toThrow('No odd images were looked for.')
})

it('takes for ordinary what a class, split or tag names, without what is left out', () => {
  const paths = (ordinary: Parameters<typeof ordinaryImages>[1]) =>
    [...ordinaryImages(index, ordinary)].flat().map(({ path: one }) => one.slice(-7, -4))
  const [first] = pageOf(index, { classes: ['even'] }, 0, 1).images
  act(index, [first!.id], { excluded: true })
  expect(paths({})).toHaveLength(5)
  expect(paths({ classes: ['even'] })).toEqual(['002', '004'])
  expect(paths({ splits: ['test'] })).toEqual([])
  act(index, [pageOf(index, { classes: ['odd'] }, 0, 1).images[0]!.id], { tag: { name: 'good', on: true } })
  expect(paths({ tags: ['good'] })).toEqual(['001'])
})
