import { expect, it } from 'vitest'
import { orderReference, waves } from '#test/helpers/order-reference'
import { kCentres } from './diverse'

it.each(orderReference.kCentre)(
  'picks rows among $count as the authors’ greedy choice does',
  async ({ count, width, groups, chosen, radius }) => {
    const values = waves(count, width, groups)
    expect(await kCentres({ values, width }, chosen.length, 0)).toEqual(chosen)
    const distance = (a: number, b: number) =>
      Math.hypot(...Array.from({ length: width }, (_, i) => values[a * width + i]! - values[b * width + i]!))
    const covered = Array.from({ length: count }, (_, row) =>
      Math.min(...chosen.map((one) => distance(row, one))),
    )
    expect(Math.max(...covered)).toBeCloseTo(radius, 5)
  },
)
