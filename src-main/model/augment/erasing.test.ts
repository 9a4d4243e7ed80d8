import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { normals, purposes, uniforms } from '#shared/random'
import { distance, type Histogram } from '#test/helpers/distributions'
import { erase, erasedBox, erasingDraws } from './erasing'

/** How timm erases, see test/python/transforms_reference.py. */
const {
  erasing,
}: {
  erasing: {
    side: number
    images: number
    erased: number
    histograms: Record<'left' | 'top' | 'width' | 'height', Histogram>
  }
} = JSON.parse(readFileSync('test/python/transforms-reference.json', 'utf8'))

it('erases as many boxes as timm, distributed like them', () => {
  const count = 50_000
  const boxes = Array.from(
    { length: count },
    (_, i) => erasedBox(erasing.side, 0.25, uniforms(0, purposes.erasing, 0, i, erasingDraws)) ?? [],
  ).flat()
  expect(boxes.length / count).toBeCloseTo(erasing.erased / erasing.images, 2)
  for (const side of ['left', 'top', 'width', 'height'] as const) {
    const limit = 1.95 * Math.sqrt(1 / boxes.length + 1 / erasing.erased)
    const values = boxes.map((box) => box[side])
    expect(distance(values, erasing.histograms[side]), side).toBeLessThan(limit)
  }
})

it('fills the box with noise and leaves the rest', () => {
  const image = new Float32Array(8 * 8 * 3).fill(100)
  erase(image, 8, { left: 2, top: 3, width: 4, height: 5 }, normals(0, purposes.erasingNoise, 0, 0, 60))
  const changed = [...image.keys()].filter((i) => image[i] !== 100)
  expect(changed).toHaveLength(4 * 5 * 3)
  for (const i of changed) {
    const [x, y] = [Math.floor(i / 3) % 8, Math.floor(i / 24)]
    expect(x >= 2 && x < 6 && y >= 3).toBe(true)
  }
})
