import { copyFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import type { DatasetFilter } from '#shared/contract'
import { checkImages } from '#images/index/check'
import { clustersOf, keepClusters, renameCluster } from '#images/index/clusters'
import { DatasetIndex } from '#images/index/dataset-index'
import { act } from '#images/index/labels'
import { facetsOf, pageOf, sampleOf } from '#images/index/filtered'
import { beginMeasuring, keepMeasured } from '#images/index/measured'
import { makeImages, temporaryFolder } from '#test/helpers/runs'

const checkpoint = { run: 'a-run', step: 7 }
let index: DatasetIndex
const paths = (filter: DatasetFilter) => pageOf(index, filter, 0, 100).images.map((image) => image.path)
const idOf = (name: string) => pageOf(index, { text: name }, 0, 1).images[0]!.id

/** Twelve images in two classes, a copy of one, a large one; the first is excluded. */
beforeAll(async () => {
  const folder = temporaryFolder()
  await makeImages(folder, 12, { width: 60, height: 40 })
  copyFileSync(path.join(folder, 'even', 'image 004.jpg'), path.join(folder, 'odd', 'z copy.jpg'))
  await sharp({ create: { width: 90, height: 80, channels: 3, background: 'red' } })
    .png()
    .toFile(path.join(folder, 'odd', 'large.png'))
  index = new DatasetIndex(folder, ':memory:')
  await index.scan()
  await checkImages(index)
  act(index, [idOf('image 000')], { excluded: true })
})

describe('a filter of images', () => {
  it('joins its parts, and leaves none out of a page by chance', () => {
    expect(pageOf(index, {}, 0, 100).total).toBe(14)
    expect(paths({ classes: ['odd'], text: 'IMAGE' })).toHaveLength(6)
    expect(paths({ problems: ['excluded'] })).toEqual(['even/image 000.jpg'])
    expect(paths({ problems: ['identical'] })).toEqual(['even/image 004.jpg', 'odd/z copy.jpg'])
    expect(paths({ problems: ['excluded', 'identical'], classes: ['odd'] })).toEqual(['odd/z copy.jpg'])
    expect(paths({ classes: ['odd'], problems: ['small'] })).not.toContain('odd/large.png')
    const page = (offset: number) => pageOf(index, { classes: ['even'] }, offset, 4).images
    expect([...page(0), ...page(4)].map((image) => image.path)).toEqual(paths({ classes: ['even'] }))
  })

  it('sorts, and keeps the order of given paths', () => {
    expect(paths({ sort: 'size' })[0]).toBe('odd/large.png')
    const given = ['odd/large.png', 'even/image 004.jpg']
    expect(paths({ paths: given as never })).toEqual(given)
  })

  it('sees at once what was excluded meanwhile', () => {
    const id = idOf('image 002')
    expect(paths({ problems: ['excluded'] })).toHaveLength(1)
    act(index, [id], { excluded: true })
    expect(paths({ problems: ['excluded'] })).toHaveLength(2)
    act(index, [id], { excluded: false })
    expect(paths({ problems: ['excluded'] })).toHaveLength(1)
  })

  it('counts each choice under the other parts, not under its own', () => {
    const facets = facetsOf(index, { classes: ['odd'], problems: ['identical'] })
    expect(facets.total).toBe(1)
    expect(facets.classes).toEqual([
      { name: 'even', images: 1 },
      { name: 'odd', images: 1 },
    ])
    expect(facets.splits).toEqual([{ split: 'none', images: 1 }])
    expect(facets.problems).toEqual({
      near: 0,
      identical: 1,
      alike: 0,
      leaked: 0,
      small: 7,
      damaged: 0,
      doubted: 0,
      excluded: 0,
    })
    expect(facets.loss).toBeNull()
    expect(facetsOf(index, { text: 'z copy' }).classes).toContainEqual({ name: 'even', images: 0 })
  })
})

it('keeps losses of checkpoints, by which images are filtered and sorted', () => {
  const losses = (scale: number) => paths({}).map((name, i) => ({ path: name, loss: i / scale, row: i }))
  beginMeasuring(index, checkpoint)
  keepMeasured(index, checkpoint, losses(10))
  expect(facetsOf(index, { checkpoint }).loss).toMatchObject({ low: 0, high: 1.3, median: 0.6 })
  expect(facetsOf(index, { checkpoint }).loss!.bins.reduce((a, b) => a + b)).toBe(14)
  const hard = { checkpoint, loss: { from: 1.1, to: 1.3 }, sort: 'loss' } as const
  expect(pageOf(index, hard, 0, 9).images.map(({ loss }) => loss)).toEqual([1.3, 1.2, 1.1])
  expect(pageOf(index, { sort: 'loss' }, 0, 1).images[0]!.loss).toBeNull()
  // Under another part of the filter the range stays and the bins follow.
  const facets = facetsOf(index, { checkpoint, classes: ['odd'] })
  expect(facets.loss).toMatchObject({ low: 0, high: 1.3 })
  expect(facets.loss!.bins.reduce((a, b) => a + b)).toBe(8)

  // What was measured stays while it is measured again, and of four checkpoints.
  for (const step of [8, 9, 7, 10, 11]) beginMeasuring(index, { run: 'a-run', step })
  expect(facetsOf(index, { checkpoint }).loss).not.toBeNull()
  for (const step of [12, 13]) beginMeasuring(index, { run: 'a-run', step })
  expect(facetsOf(index, { checkpoint }).loss).toBeNull()
})

it('spreads a sample over all classes', () => {
  const classes = sampleOf(index, 4).map((image) => image.class)
  expect(classes).toEqual(['even', 'even', 'odd', 'odd'])
  expect(sampleOf(index, 100)).toHaveLength(14)
})

describe('clusters', () => {
  it('are filters with counts, have typical images and can be renamed, also into one', () => {
    const all = pageOf(index, { classes: ['odd'] }, 0, 6).images
    keepClusters(
      index,
      all.map(({ id }, i) => ({ file: id, cluster: i < 2 ? 'Cluster 2' : 'Cluster 1', distance: 9 - i })),
    )
    expect(clustersOf(index)).toMatchObject([
      { name: 'Cluster 1', images: 4, mostly: { class: 'odd', images: 4 } },
      { name: 'Cluster 2', images: 2, typical: [{ id: all[1]!.id }, { id: all[0]!.id }] },
    ])
    expect(paths({ clusters: ['Cluster 1'], sort: 'typical' })).toEqual([5, 4, 3, 2].map((i) => all[i]!.path))
    expect(facetsOf(index, { clusters: ['Cluster 2'], text: all[3]!.path }).clusters).toEqual([
      { name: 'Cluster 1', images: 1 },
      { name: 'Cluster 2', images: 0 },
    ])
    renameCluster(index, 'Cluster 2', 'Cluster 1')
    expect(clustersOf(index)).toMatchObject([{ name: 'Cluster 1', images: 6 }])
  })
})
