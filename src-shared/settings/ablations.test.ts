import { describe, expect, it } from 'vitest'
import {
  ablationNames,
  ablations,
  axisOf,
  nameOfVariant,
  paperFigures,
  plannedRuns,
  titleOfVariant,
  variantsOf,
} from './ablations'
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
    [0, 1, 6, 12].map((queryDepth) => ({ queryDepth, blurSize: 0 })),
  )
})

it('compares order and decoder without blur, as Table 3 does', () => {
  const titles = (['order', 'decoder-depth', 'shared-weights'] as const).map((name) =>
    ablations[name].variants(fromPreset('nano')).map(titleOfVariant),
  )
  expect(titles).toEqual([
    ['Random order, no blur', 'Raster order, no blur'],
    ...[['No', '1', '2', '4'].map((n) => `${n} query block${n === '1' ? '' : 's'}, no blur`)],
    ['Own decoder, no blur', 'Shared weights, no blur'],
  ])
})

it('has what the paper says of each variant, and of none that it does not have', () => {
  const said = (ablation: (typeof ablationNames)[number], preset: 'nano' | 'base') =>
    paperFigures(
      { kind: 'ablation', ablation },
      ablations[ablation].variants(fromPreset(preset)).map((changes) => ({ changes })),
    )!
  expect(said('decoder-depth', 'base').map((each) => each?.finetune)).toEqual([undefined, 82.76, 83.01, 83.4])
  expect(said('blur', 'nano').map((each) => each?.finetune)).toEqual([83.4, 83.52, 83.64, 83.45])
  expect(said('objective', 'nano').map((each) => each?.probe)).toEqual([58.5, 20.4, 67.8])
  expect(said('head', 'nano').map((each) => each?.probe)).toEqual([null, null, null])
})

const axes = [axisOf('order', 'raster,stochastic'), axisOf('blur-size', '0, 9')]

it('combines all values, or the n-th ones', () => {
  const named = (combine: 'grid' | 'list') =>
    variantsOf({ kind: 'vary', axes, combine }, fromPreset('nano')).map(nameOfVariant)
  expect(named('grid')).toEqual([
    'order raster, blurSize 0',
    'order raster, blurSize 9',
    'order stochastic, blurSize 0',
    'order stochastic, blurSize 9',
  ])
  expect(named('list')).toEqual(['order raster, blurSize 0', 'order stochastic, blurSize 9'])
})

it('plans a run for each variant and seed, the first seeds first', () => {
  const runs = plannedRuns(fromPreset('nano', { seed: 4 }), { kind: 'ablation', ablation: 'objective' }, 2)
  expect(runs.map(({ changes, seed }) => `${changes['objective']} ${seed}`)).toEqual([
    'saim 4',
    'igpt 4',
    'mae 4',
    'saim 5',
    'igpt 5',
    'mae 5',
  ])
  expect(runs[1]!.hyperparameters).toMatchObject({ objective: 'igpt', order: 'raster', seed: 4 })
})

it.each([
  ['a setting that is not there', () => axisOf('colour', 'red,blue'), 'is not a setting with values'],
  [
    'lists of different lengths',
    () =>
      variantsOf({ kind: 'vary', axes: [...axes, axisOf('seed', '1')], combine: 'list' }, fromPreset('nano')),
    'the same number of values',
  ],
  [
    'variants that do not fit',
    () =>
      plannedRuns(fromPreset('nano'), { kind: 'vary', axes: [axisOf('heads', '3,5')], combine: 'grid' }, 1),
    'heads 5 is invalid',
  ],
  [
    'numbers with a comma for decimals',
    () => axisOf('base-learning-rate', '0,0002'),
    '“0002” is not a number',
  ],
  ['what is not a number', () => axisOf('depth', '2,x'), 'depth: “x” is not a number'],
  ['what is neither true nor false', () => axisOf('share-weights', 'true,yes'), 'neither true nor false'],
  ...[NaN, 0, -1, 1.5, 1e9].map((seeds): [string, () => unknown, string] => [
    `${seeds} seeds`,
    () => plannedRuns(fromPreset('nano'), { kind: 'vary', axes, combine: 'grid' }, seeds),
    'not a whole number from 1 to 20',
  ]),
  [
    'one variant',
    () => variantsOf({ kind: 'vary', axes: [], combine: 'grid' }, fromPreset('nano')),
    'nothing to compare',
  ],
])('refuses %s', (_name, work, message) => expect(work).toThrow(message))
