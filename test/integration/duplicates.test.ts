import { copyFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { keepAlike } from '#images/index/alike'
import { checkImages } from '#images/index/check'
import { DatasetIndex } from '#images/index/dataset-index'
import { act, undo } from '#images/index/labels'
import { pageOf } from '#images/index/filtered'
import { duplicatePairs, excludeDuplicates, keepPair, reportOf } from '#images/index/report'
import { makeBadFiles } from '#test/helpers/bad-files'
import { makeImages, temporaryFolder } from '#test/helpers/runs'

const images = async () => {
  const folder = temporaryFolder()
  await makeImages(folder, 12, { width: 120, height: 80 })
  return { folder, original: path.join(folder, 'even', 'image 004.jpg') }
}

it('a check finds copies of other names, sizes, formats and qualities, and nothing else', async () => {
  const { folder, original } = await images()
  copyFileSync(original, path.join(folder, 'z copy.jpg'))
  await sharp(original).resize(90, 60).png().toFile(path.join(folder, 'z smaller.png'))
  await sharp(original).jpeg({ quality: 30 }).toFile(path.join(folder, 'z worse.jpg'))
  const index = new DatasetIndex(folder, ':memory:')
  await index.scan()
  expect(reportOf(index)).toMatchObject({ checked: 0, identical: 0, near: 0, statistics: null })

  await checkImages(index)
  expect(reportOf(index)).toMatchObject({ checked: 15, identical: 1, near: 2 })
  const pairs = (['near', 'identical'] as const).flatMap((kind) => duplicatePairs(index, kind, 0, 10).pairs)
  expect(pairs.map(({ copy, of }) => [copy.path, of.path])).toEqual(
    expect.arrayContaining([
      ['z copy.jpg', 'even/image 004.jpg'],
      ['z smaller.png', 'even/image 004.jpg'],
      ['z worse.jpg', 'even/image 004.jpg'],
    ]),
  )

  // A pair that the person keeps is asked about no more, and not excluded with the others.
  const [near] = duplicatePairs(index, 'near', 0, 10).pairs
  keepPair(index, near!.copy.id, near!.of.id, true)
  expect(index.summary()).toMatchObject({ copies: 2, unchecked: 0 })
  expect(duplicatePairs(index, 'near', 0, 10).pairs.map(({ copy }) => copy.id)).not.toContain(near!.copy.id)
  await checkImages(index)
  expect(reportOf(index)).toMatchObject({ identical: 1, near: 1 })
  keepPair(index, near!.copy.id, near!.of.id, false)

  excludeDuplicates(index, 'identical')
  expect(index.summary()).toMatchObject({ images: 14, excluded: 1 })
  undo(index)
  expect(index.summary()).toMatchObject({ images: 15, excluded: 0 })
  excludeDuplicates(index, 'identical')
  excludeDuplicates(index, 'near')
  expect(index.summary()).toMatchObject({ images: 12, excluded: 3 })
  expect([...index.usable()].flat()).toHaveLength(12)
  await index.scan()
  expect(index.summary().excluded).toBe(3)
  act(
    index,
    pageOf(index, { problems: ['excluded'] }, 0, 10).images.map(({ id }) => id),
    { excluded: false },
  )
  expect(index.summary()).toMatchObject({ images: 15, excluded: 0 })
})

it('a check finds what is damaged behind its header, and looks at each file once', async () => {
  const { folder } = await images()
  const reasons = await makeBadFiles(path.join(folder, 'bad'))
  const index = new DatasetIndex(folder, ':memory:')
  await index.scan()
  await checkImages(index)
  const { files } = index.unreadable(0, 100)
  const told = Object.fromEntries(files.map((file) => [file.path, file.reason]))
  for (const [name, reason] of Object.entries(reasons)) expect(told[`bad/${name}`], name).toMatch(reason)
  expect(index.summary()).toMatchObject({ images: 12, unreadable: Object.keys(reasons).length })

  const progress: number[] = []
  await checkImages(index, (checked) => progress.push(checked))
  expect(progress).toEqual([])
  await makeImages(folder, 1, { width: 60, height: 60 }) // another image of a known name
  await index.scan()
  expect(reportOf(index)).toMatchObject({ checked: 11 })
})

it('the statistics are those of the pixels', async () => {
  const folder = temporaryFolder()
  for (const [name, background] of Object.entries({ a: '#ff0000', b: '#0000ff' }))
    await sharp({ create: { width: 40, height: 40, channels: 3, background } })
      .png()
      .toFile(path.join(folder, `${name}.png`))
  writeFileSync(path.join(folder, 'c.png'), 'no image')
  const index = new DatasetIndex(folder, ':memory:')
  await index.scan()
  await checkImages(index)
  expect(reportOf(index).statistics).toEqual({ mean: [0.5, 0, 0.5], deviation: [0.5, 0.001, 0.5] })
})

it('pairs that a checkpoint takes for alike are looked at like copies, and leak where one is held out', async () => {
  const folder = temporaryFolder()
  for (const split of ['train', 'test']) await makeImages(path.join(folder, split), 4)
  const index = new DatasetIndex(folder, ':memory:')
  await index.scan()
  await checkImages(index) // each image is there twice, the same file
  const all = pageOf(index, {}, 0, 20).images
  const idOf = (split: string, n: number) =>
    all.find((image) => image.split === split && image.path.endsWith(`00${n}.jpg`))!.id
  expect(reportOf(index)).toMatchObject({ identical: 4, alike: 0, leaked: 4, compared: null })
  const by = { run: 'a-run', step: 7, similarity: 0.9, at: '2026-11-29T08:00:00.000Z' }
  keepAlike(index, by, [
    { file: idOf('test', 0), of: idOf('train', 2), similarity: 0.97 },
    { file: idOf('train', 3), of: idOf('train', 1), similarity: 0.95 },
    { file: idOf('train', 1), of: idOf('test', 1), similarity: 1 }, // a copy that is known
  ])
  expect(reportOf(index)).toMatchObject({ identical: 4, alike: 2, leaked: 5, compared: by })
  expect(pageOf(index, { problems: ['alike'] }, 0, 20).total).toBe(4)
  const leaked = duplicatePairs(index, 'leaked', 0, 10).pairs
  expect(leaked.map(({ copy, of }) => [copy.split, of.split])).toEqual(Array(5).fill(['train', 'test']))
  expect(leaked.filter(({ similarity }) => similarity !== null)).toHaveLength(1)

  // What is kept of a pair that leaked is kept of the pair.
  const [, , , , meant] = [...leaked].sort((a, b) => Number(a.similarity) - Number(b.similarity))
  keepPair(index, meant!.copy.id, meant!.of.id, true)
  expect(reportOf(index)).toMatchObject({ alike: 1, leaked: 4 })
  excludeDuplicates(index, 'leaked')
  expect(reportOf(index)).toMatchObject({ identical: 0, leaked: 0 })
  expect(pageOf(index, { problems: ['excluded'] }, 0, 20).images.map(({ split }) => split)).toEqual(
    Array(4).fill('train'),
  )
  // Where images come or go, it has to be found again.
  await makeImages(path.join(folder, 'test'), 5)
  await index.scan()
  expect(reportOf(index).compared).toBeNull()
})
