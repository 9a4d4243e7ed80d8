import { copyFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { checkImages } from '#images/index/check'
import { DatasetIndex } from '#images/index/dataset-index'
import { act } from '#images/index/labels'
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
  const pairs = [true, false].flatMap((near) => duplicatePairs(index, near, 0, 10).pairs)
  expect(pairs.map(({ copy, of }) => [copy.path, of.path])).toEqual(
    expect.arrayContaining([
      ['z copy.jpg', 'even/image 004.jpg'],
      ['z smaller.png', 'even/image 004.jpg'],
      ['z worse.jpg', 'even/image 004.jpg'],
    ]),
  )

  // A pair that the person keeps is asked about no more, and not excluded with the others.
  const [near] = duplicatePairs(index, true, 0, 10).pairs
  keepPair(index, near!.copy.id, near!.of.id, true)
  expect(index.summary()).toMatchObject({ copies: 2, unchecked: 0 })
  expect(duplicatePairs(index, true, 0, 10).pairs.map(({ copy }) => copy.id)).not.toContain(near!.copy.id)
  await checkImages(index)
  expect(reportOf(index)).toMatchObject({ identical: 1, near: 1 })
  keepPair(index, near!.copy.id, near!.of.id, false)

  excludeDuplicates(index, false)
  expect(index.summary()).toMatchObject({ images: 14, excluded: 1 })
  excludeDuplicates(index, true)
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
