import { describe, expect, it } from 'vitest'
import { splitOf } from './split'

describe('the split of an image', () => {
  const paths = Array.from({ length: 5000 }, (_, i) => ({
    path: `class ${i % 7}/image ${i}.jpg`,
    split: null,
  }))
  const held = (seed: number, fraction = 0.1) =>
    paths.filter((image) => splitOf(image, { fraction, seed }, false) === 'validation')

  it('holds out the fraction, by path and seed alone', () => {
    expect(held(0).length / paths.length).toBeCloseTo(0.1, 1)
    expect(held(0)).toEqual(held(0))
    expect(held(1)).not.toEqual(held(0))
    expect(held(0, 0)).toEqual([])
  })

  it('only adds images as the fraction grows', () => {
    const more = new Set(held(0, 0.2))
    expect(held(0).every((image) => more.has(image))).toBe(true)
  })

  it('is what the folders say, where they say it', () => {
    const rule = { fraction: 1, seed: 0 }
    expect(splitOf({ path: 'test/a.jpg', split: 'test' }, rule, false)).toBe('test')
    expect(splitOf({ path: 'train/a.jpg', split: 'train' }, rule, true)).toBe('train')
    expect(splitOf({ path: 'train/a.jpg', split: 'train' }, rule, false)).toBe('validation')
  })
})
