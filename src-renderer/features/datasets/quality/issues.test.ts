import { expect, it } from 'vitest'
import type { Dataset, DatasetReport } from '#shared/contract'
import { fineOf, issuesOf, pairsOf } from './issues'

const classes = (...images: number[]) => images.map((n, i) => ({ name: `class ${i}`, images: n }))
const dataset = (changes: Partial<Dataset> = {}) =>
  ({
    ...{ images: 495, excluded: 0, unreadable: 0, unchecked: 0, notices: [], classes: classes(64, 64, 64) },
    ...{ sizes: { minimumWidth: 300, maximumWidth: 400, minimumHeight: 300, maximumHeight: 400 } },
    ...{ splits: { none: 495, train: 0, validation: 0, test: 0 } },
    ...changes,
  }) as Dataset
const report = (changes: Partial<DatasetReport> = {}, smaller = [0, 0, 0]) =>
  ({
    ...{ identical: 0, near: 0, alike: 0, leaked: 0, compared: null },
    smaller: [64, 128, 224].map((side, i) => ({ side, images: smaller[i]! })),
    ...changes,
  }) as DatasetReport
const names = (...asked: Parameters<typeof issuesOf>) => issuesOf(...asked).map(({ name }) => name)

it('finds nothing wrong with whole, even, large images, and says what is fine', () => {
  expect(issuesOf(dataset(), report())).toEqual([])
  expect(fineOf(dataset(), report(), [])).toEqual([
    'All 495 files can be read',
    'No identical copies',
    'No near-duplicates',
    'Classes are even',
    'All images are large enough for every model',
  ])
  // Before a check nothing is known of damage and copies.
  expect(fineOf(dataset({ unchecked: 3 }), report(), [])).toHaveLength(2)
})

it('puts what weighs most first', () => {
  const damaged = dataset({ unreadable: 2, classes: classes(47, 64, 64), notices: ['Left out: 3 images.'] })
  const found = report({ identical: 1, near: 3 }, [1, 2, 9])
  expect(names(damaged, found)).toEqual([
    'damaged',
    'identical',
    'near',
    'uneven',
    'small',
    'folders',
    'sizes',
  ])
  expect(fineOf(damaged, found, issuesOf(damaged, found))).toEqual([])
})

it('warns of pairs that leak into what is held out, and shows what is alike to a model', () => {
  const splits = { none: 0, train: 400, validation: 0, test: 95 }
  const compared = { run: 'a-run', step: 7, similarity: 0.98, at: '2026-11-29T08:00:00.000Z' }
  const found = issuesOf(dataset({ splits }), report({ leaked: 2, alike: 1, compared }))
  expect(found.map(({ name, kind, title }) => [name, kind, title])).toEqual([
    ['leaked', 'warn', '2 pairs of training and held-out images'],
    ['alike', 'info', '1 pair shows nearly the same'],
  ])
  expect(found.map(pairsOf)).toEqual(['leaked', 'alike'])
  const fine = fineOf(dataset({ splits }), report({ compared }), [])
  expect(fine).toContain('No images that show nearly the same')
  expect(fine).toContain('No held-out images among the training images')
})

it('says by how much classes are uneven, from three quarters on', () => {
  const text = (...images: number[]) => issuesOf(dataset({ classes: classes(...images) }), report())[0]?.text
  expect(text(48, 64, 64)).toBeUndefined()
  expect(text(64, 47, 64)).toMatch(/^class 1 has 47 images, the others 64\./)
  expect(text(1, 50, 64)).toMatch(/^class 0 has 1 image, others up to 64\./)
  expect(text(3)).toBeUndefined()
})

it('says which models see upscaled pixels', () => {
  const sizes = { minimumWidth: 64, maximumWidth: 64, minimumHeight: 64, maximumHeight: 64 }
  expect(issuesOf(dataset({ sizes }), report({}, [0, 495, 495]))).toMatchObject([
    { title: 'All images are 64 px', text: 'Models of 64 px fit. Larger ones would see upscaled pixels.' },
  ])
  expect(issuesOf(dataset(), report({}, [0, 0, 2]))).toMatchObject([
    { title: 'The smallest image is 300 px' },
  ])
  expect(names(dataset(), report({}, [5, 5, 5]))).toEqual(['small', 'sizes'])
})
