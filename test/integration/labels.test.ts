import { renameSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import type { DatasetFilter } from '#shared/contract'
import { DatasetIndex } from '#images/index/dataset-index'
import { facetsOf, pageOf } from '#images/index/filtered'
import { act, expectLabels, labelsCsv, readLabels, undo } from '#images/index/labels'
import { keepSuggestions } from '#images/index/suggestions'
import { makeImages, temporaryFolder } from '#test/helpers/runs'

/** What a person says of images: classes, tags, what is left out, and how each act is taken back. */
let folder: string
let index: DatasetIndex
const all = (filter: DatasetFilter = {}) => pageOf(index, filter, 0, 100).images
const ids = (...names: string[]) =>
  all()
    .filter(({ path: name }) => names.some((one) => name.endsWith(one)))
    .map(({ id }) => id)
const classOf = (name: string) => all().find(({ path: one }) => one.endsWith(name))!.class
const state = () =>
  all()
    .map(({ path: name, class: label, tags, excluded }) => ({ name, label, tags, excluded }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))

beforeEach(async () => {
  folder = temporaryFolder()
  await makeImages(folder, 6)
  index = new DatasetIndex(folder, ':memory:')
  await index.scan()
})

it('gives images a class in place of their folder’s, and takes each act back, the newest first', () => {
  const before = [state()]
  const acts = [
    () => act(index, ids('000.jpg', '001.jpg'), { class: 'flags' }),
    () => act(index, ids('000.jpg'), { tag: { name: 'striped', on: true } }),
    () => act(index, ids('000.jpg', '002.jpg'), { tag: { name: 'a, "b"', on: true } }),
    () => act(index, ids('000.jpg'), { tag: { name: 'striped', on: false } }),
    () => act(index, ids('004.jpg'), { excluded: true }),
    () => act(index, ids('001.jpg'), { class: null }),
  ]
  for (const one of acts) {
    one()
    before.push(state())
  }
  expect(classOf('000.jpg')).toBe('flags')
  expect(classOf('001.jpg')).toBe('odd')
  expect(index.summary().classes).toContainEqual({ name: 'flags', images: 1 })
  expect(index.summary().newestAct).toBe('took the class of 1 image away')
  expect(all({ tags: ['a, "b"'] })).toHaveLength(2)
  expect(facetsOf(index, {}).tags).toEqual([{ name: 'a, "b"', images: 2 }])
  expect(facetsOf(index, { classes: ['flags'] }).tags).toEqual([{ name: 'a, "b"', images: 1 }])
  for (const one of before.slice(0, -1).reverse()) {
    undo(index)
    expect(state()).toEqual(one)
  }
  expect(index.summary().newestAct).toBeNull()
  undo(index)
  expect(state()).toEqual(before[0])
})

it('keeps labels over scans, also of a file that goes and comes again', async () => {
  act(index, ids('000.jpg'), { class: 'flags' })
  const file = path.join(folder, 'even', 'image 000.jpg')
  renameSync(file, `${file}.gone`)
  await index.scan()
  expect(all()).toHaveLength(5)
  renameSync(`${file}.gone`, file)
  await index.scan()
  expect(classOf('000.jpg')).toBe('flags')
  expect(index.summary().classes).toContainEqual({ name: 'flags', images: 1 })
})

it('writes labels as a table, and reads it where they are not known', async () => {
  act(index, ids('000.jpg'), { class: '=flags, "red"' })
  act(index, ids('000.jpg', '001.jpg'), { tag: { name: 'b', on: true } })
  act(index, ids('001.jpg'), { tag: { name: 'a', on: true } })
  const table = labelsCsv(index)
  expect(table.split('\n')[1]).toBe(`even/image 000.jpg,"'=flags, ""red""",b`)
  const other = new DatasetIndex(folder, ':memory:')
  expectLabels(other, table, 'labels.csv')
  await other.scan()
  expect(labelsCsv(other)).toBe(table)
  expect(pageOf(other, { classes: ['=flags, "red"'] }, 0, 9).total).toBe(1)

  readLabels(index, 'class,path\r\nsea,even/image 002.jpg\r\n', 'labels.csv')
  expect(classOf('002.jpg')).toBe('sea')
  expect(classOf('000.jpg')).toBe('=flags, "red"')
  undo(index)
  expect(labelsCsv(index)).toBe(table)
  expect(() => readLabels(index, 'name\na', 'labels.csv')).toThrow(/no columns/)
  expect(() => readLabels(index, 'path,class\n"a', 'labels.csv')).toThrow(/quotation mark/)
})

it('accepts what is suggested, and doubts labels that a classifier contradicts', () => {
  const [even, odd] = [ids('000.jpg', '002.jpg'), ids('001.jpg')]
  act(index, [...even, ...odd], { class: 'known' })
  keepSuggestions(index, [
    { file: even[0]!, class: 'known', confidence: 0.9 },
    { file: odd[0]!, class: 'other', confidence: 0.6 },
  ])
  expect(all({ problems: ['doubted'] }).map(({ id }) => id)).toEqual(odd)
  expect(facetsOf(index, {}).problems.doubted).toBe(1)
  expect(all({ sort: 'sure' })[0]!.suggestion).toEqual({ class: 'known', confidence: 0.9 })
  expect(all({ sort: 'unsure' })[0]!.id).toBe(odd[0])
  expect(all({ suggested: ['other'] })).toHaveLength(1)
  act(index, [...odd, ...even], { accept: true })
  expect(classOf('001.jpg')).toBe('other')
  expect(classOf('002.jpg')).toBe('known') // nothing is suggested for it
  undo(index)
  expect(classOf('001.jpg')).toBe('known')
})

it('brings an index of before up to date', async () => {
  const file = path.join(temporaryFolder(), 'index.db')
  const old = new DatasetIndex(folder, file)
  await old.scan()
  old.run('ALTER TABLE files DROP COLUMN folderClass')
  old.close()
  const opened = new DatasetIndex(folder, file)
  opened.requireWhole()
  const [first] = pageOf(opened, { classes: ['even'] }, 0, 1).images
  act(opened, [first!.id], { class: 'flags' })
  undo(opened)
  expect(pageOf(opened, { classes: ['even'] }, 0, 9).total).toBe(3)
  opened.close()
})
