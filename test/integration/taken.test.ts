import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { takeByClass } from '#app/by-class'
import { readCsv } from '#shared/csv'
import { DatasetIndex } from '#images/index/dataset-index'
import { pageOf } from '#images/index/filtered'
import { act } from '#images/index/labels'
import { imagesBy, imagesCoco, imagesCsv } from '#images/index/taken'
import { makeImages, temporaryFolder } from '#test/helpers/runs'

/** Selected images of a data set, taken elsewhere; what they are taken of stays as it is. */
let folder: string
let index: DatasetIndex
const below = (place: string) =>
  readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => path.relative(place, path.join(one.parentPath, one.name)))
    .sort()
const state = () =>
  below(folder).map((name) => {
    const file = path.join(folder, name)
    return [name, createHash('sha1').update(readFileSync(file)).digest('hex'), statSync(file).mtimeMs]
  })
const chosen = () => {
  const ids = pageOf(index, {}, 0, 4).images.map(({ id }) => id)
  act(index, ids.slice(0, 1), { class: 'a, "b"', tag: { name: 'good', on: true } })
  return imagesBy(index, [...ids].reverse())
}

beforeEach(async () => {
  folder = path.join(temporaryFolder(), 'pictures')
  await makeImages(folder, 6)
  index = new DatasetIndex(folder, ':memory:')
  await index.scan()
})

it('copies images by class into a new folder each time, or links them, and changes none', async () => {
  const before = state()
  const classed = chosen().map((one) => ({ path: one.path, class: one.class! }))
  const into = temporaryFolder()
  const copied = await takeByClass(folder, classed, into)
  expect(below(copied)).toEqual([
    'a-b/image 000.jpg',
    'even/image 002.jpg',
    'even/image 004.jpg',
    'odd/image 001.jpg',
  ])
  const linked = await takeByClass(folder, classed, into, 'links')
  expect(path.basename(linked)).toBe('pictures-by-class-2')
  const inode = (file: string) => statSync(file).ino
  for (const name of below(linked)) {
    const original = classed.find((one) => one.path.endsWith(path.basename(name)))!
    expect(inode(path.join(linked, name))).toBe(inode(path.join(folder, original.path)))
    expect(inode(path.join(copied, name))).not.toBe(inode(path.join(folder, original.path)))
  }
  expect(state()).toEqual(before)
  await expect(takeByClass(folder, classed, path.join(folder, 'even'))).rejects.toThrow(
    'is in the folder of the images',
  )
  expect(state()).toEqual(before)
})

it('writes a table and COCO’s annotations of the chosen images alone', () => {
  const images = chosen()
  const [head, first] = readCsv(imagesCsv(images))
  expect(head!.slice(0, 4)).toEqual(['path', 'class', 'split', 'tags'])
  expect(first!.slice(0, 4)).toEqual(['even/image 000.jpg', 'a, "b"', '', 'good'])
  const coco = JSON.parse(
    imagesCoco([...images, { ...images[0]!, id: 99, path: 'none.jpg', class: null }]),
  ) as {
    images: { id: number; file_name: string }[]
    categories: { id: number; name: string }[]
    annotations: { image_id: number; category_id: number; bbox: number[] }[]
  }
  expect(coco.categories.map(({ name }) => name)).toEqual(['a, "b"', 'even', 'odd'])
  expect(coco.images).toHaveLength(5)
  expect(coco.annotations).toHaveLength(4)
  for (const { image_id, category_id, bbox } of coco.annotations) {
    const image = images.find(({ id }) => id === image_id)!
    expect(coco.categories.find(({ id }) => id === category_id)!.name).toBe(image.class)
    expect(bbox).toEqual([0, 0, image.width, image.height])
  }
})
