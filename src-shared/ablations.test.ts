import { describe, expect, it } from 'vitest'
import { ablationNames, ablations, grid, nameOfVariant } from './ablations'
import { fromPreset, hyperparametersSchema, presetNames } from './hyperparameters'

describe.each(presetNames)('the ablations of the preset %s', (preset) => {
  it.each(ablationNames)('%s have variants that differ and fit the model', (name) => {
    const h = fromPreset(preset)
    const made = ablations[name]
      .variants(h)
      .map((changes) => hyperparametersSchema.parse({ ...h, ...changes }))
    expect(made.length).toBeGreaterThan(1)
    expect(new Set(made.map((variant) => JSON.stringify(variant))).size).toBe(made.length)
  })
})

it('has the decoder depths of the paper for its model', () => {
  expect(ablations['decoder-depth'].variants(fromPreset('base'))).toEqual(
    [0, 1, 6, 12].map((queryDepth) => ({ queryDepth })),
  )
})

it('combines all values', () => {
  const made = grid([
    { name: 'order', values: ['raster', 'stochastic'] },
    { name: 'blurSize', values: [0, 9] },
  ])
  expect(made.map(nameOfVariant)).toEqual([
    'order raster, blurSize 0',
    'order raster, blurSize 9',
    'order stochastic, blurSize 0',
    'order stochastic, blurSize 9',
  ])
})
