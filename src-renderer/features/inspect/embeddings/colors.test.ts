import { expect, it } from 'vitest'
import { between, groupColors, ranks } from './colors'

it('gives each group a colour of its own', () => {
  expect(new Set(groupColors(12)).size).toBe(12)
})

it('spreads a colour over the values by their rank', () => {
  expect(ranks([0.9, 0.1, 0.5])).toEqual([1, 0, 0.5])
  expect(ranks([3])).toEqual([0])
  expect(between('#000000', '#ff8000', 0.5)).toBe('rgb(128,64,0)')
})
