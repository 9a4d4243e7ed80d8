import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { purposes, uniforms } from '#shared/random'
import { distance, type Histogram } from '#test/helpers/distributions'
import { drawMixing, mixingDraws } from './mixing'
import { randAugment, randAugmentDraws, type RandAugmentName } from './rand-augment'

/** How timm draws, see test/python/draws_reference.py. */
const reference: {
  images: number
  randAugment: { done: Record<RandAugmentName, number>; angles: Histogram }
  mixing: { mixup: number; cutmix: number; cuts: number; shares: Histogram; heights: Histogram }[]
} = JSON.parse(readFileSync('test/python/draws-reference.json', 'utf8'))

const { images } = reference
const rounded = (value: number) => Math.floor(value + 0.5)

/** Of equal distributions one in a thousand pairs differs by more. */
function expectAlike(found: number[], wanted: Histogram): void {
  const drawn = wanted.reduce((sum, [, times]) => sum + times, 0)
  expect(distance(found, wanted)).toBeLessThan(1.95 * Math.sqrt(1 / found.length + 1 / drawn))
}

/** Of equal shares the counts differ by more once in a hundred thousand times. */
const expectAsMany = (found: number, wanted: number) =>
  expect(Math.abs(found - wanted)).toBeLessThan(4.4 * Math.sqrt(found + wanted))

it('RandAugment does each operation as often as timm, as strongly', () => {
  const done = Array.from({ length: images }, (_, i) =>
    randAugment({ magnitude: 9, deviation: 0.5 }, uniforms(0, purposes.randAugment, 0, i, randAugmentDraws)),
  ).flat()
  for (const [name, wanted] of Object.entries(reference.randAugment.done))
    expectAsMany(done.filter((each) => each.name === name).length, wanted)
  const rotations = done.filter(({ name }) => name === 'Rotate')
  expectAlike(
    rotations.map(({ argument }) => rounded(argument)),
    reference.randAugment.angles,
  )
})

describe.each(reference.mixing)('with mixup $mixup and cutmix $cutmix', (wanted) => {
  it('batches are mixed in shares and by boxes as timm draws them', { timeout: 60_000 }, () => {
    const [shares, heights]: [number[], number[]] = [[], []]
    const size = 64
    for (let i = 0; i < images; i++) {
      const { mask, share } = drawMixing(wanted, size, uniforms(0, purposes.mixing, 0, i, mixingDraws))
      shares.push(rounded(1000 * share))
      // Under CutMix a pixel is whole one image's or the other's.
      if (mask[0] === 0 || mask.includes(1))
        heights.push(Array.from({ length: size }, (_, row) => row).filter((row) => mask.subarray(row * size, (row + 1) * size).includes(0)).length) // prettier-ignore
    }
    expectAlike(shares, wanted.shares)
    if (wanted.cutmix) expectAlike(heights, wanted.heights)
    if (wanted.mixup && wanted.cutmix) expectAsMany(heights.length, wanted.cuts)
  })
})
