import { expect, it } from 'vitest'
import type { Dataset } from '#shared/contract'
import { epochsAt, fitOf, placeOf, rounded, shownDatasets } from './essentials'

it('shows the newest data sets, and the chosen one in any case', () => {
  const sets = ['a', 'b', 'c', 'd'].map((id) => ({ id }) as Dataset)
  const shown = (chosen: string | null) => shownDatasets(sets, chosen, 3).map(({ id }) => id)
  expect([shown(null), shown('b'), shown('d')]).toEqual([
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
    ['d', 'a', 'b'],
  ])
})

it.each([
  [[64, 80], [64, 64], true, 'Fits your images'],
  [[32, 80], [64, 64], false, 'Upscales some of your images'],
  [[16, 32], [16, 200], false, 'Upscales your images'],
])('widths %j and heights %j fit 64 px: %s', (widths, heights, fits, text) => {
  const [minimumWidth, maximumWidth] = widths as [number, number]
  const [minimumHeight, maximumHeight] = heights as [number, number]
  const sizes = { minimumWidth, maximumWidth, minimumHeight, maximumHeight }
  expect(fitOf({ sizes }, 64)).toEqual({ fits, text })
})

it('the slider gives the epochs that it stands at, in round numbers', () => {
  for (const epochs of [1, 10, 40, 200, 10_000]) expect(epochsAt(placeOf(epochs))).toBe(epochs)
  expect(epochsAt(0.637)).toBe(350)
  expect(placeOf(NaN)).toBe(0)
})

it('rounds the seconds of an estimate', () => {
  expect([12.4, 96, 1901, 29_650, undefined].map(rounded)).toEqual([12.4, 95, 1920, 29_700, undefined])
})
