import { expect, it } from 'vitest'
import { fromPreset } from '#shared/settings/hyperparameters'
import { aRun } from '#test/helpers/a-run'
import { commandOfRun, foundRows, type RowGroup, rowsOf } from './setting-rows'

const run = aRun({
  hyperparameters: fromPreset('nano', { epochs: 40, objective: 'igpt' }),
  origin: { run: 'first', name: 'First', step: 28 },
  seams: [
    { step: 252, at: '2026-01-02T11:36:00', changes: [] },
    { step: 300, at: '2026-01-03T11:36:00', changes: [{ setting: 'batchSize', from: 16, to: 8 }] },
  ],
})
const rows = (groups: RowGroup[]) => groups.flatMap(({ rows }) => rows)
const of = (title: string) =>
  rows(rowsOf(run, [{ id: 'onnxruntime-cpu', title: 'ONNX Runtime, CPU' }])).filter(
    (row) => row.title === title,
  )

it('shows values beside those of the preset, the paper and the objective', () => {
  expect(of('Epochs')).toEqual([{ title: 'Epochs', value: '40', note: 'preset 10', changed: true }])
  expect(of('Image size')).toEqual([
    { title: 'Image size', value: '64 px', note: 'paper 224 px', changed: false },
  ])
  expect(of('Order')).toMatchObject([{ value: 'raster', note: 'set by ViT-iGPT', changed: false }])
  expect(of('Learning rate, peak')).toMatchObject([{ value: '5e-4', note: 'base rate × 16 ÷ 256' }])
  expect(of('Engine')).toMatchObject([{ value: 'ONNX Runtime, CPU' }])
})

it('writes settings that belong together as one line, in words, and leaves out those of other objectives', () => {
  const made = aRun({
    dataset: { name: 'Photos', folder: '/photos', images: 449, validation: 46 },
    hyperparameters: fromPreset('nano', { keepEvery: 5, blurSize: 0, cropScaleMinimum: 0.5 }),
  })
  const texts = Object.fromEntries(
    rows(rowsOf(made, [])).map(({ title, value, note }) => [title, [value, note]]),
  )
  expect(texts).toMatchObject({
    Images: ['449 to train, 46 held out', ''],
    'Crop area': ['0.5 to 1', 'preset 0.67 to 1'],
    'Width, depth, heads': ['192, 4, 3', 'paper 768, 12, 12'],
    'Prediction head': ['MLP', ''],
    'Normalise by': ['ImageNet', ''],
    Objective: ['SAIM', ''],
    Blur: ['off', 'preset 9 px, sigma 1'],
    Loss: ['L2, normalised patches', ''],
    Keep: ['every 5th, and the best 3', 'preset all, and the best 3'],
  })
  expect(texts).not.toHaveProperty('Hidden patches')
})

it('says what changed at each resume, and where the weights came from', () => {
  expect(of('Resumed')).toMatchObject([
    { value: expect.stringMatching(/^step 252, /) as unknown, note: 'nothing changed' },
    { value: expect.stringMatching(/^step 300, /) as unknown, note: 'Batch size 16 images → 8 images' },
  ])
  expect(of('Started from')).toMatchObject([{ value: 'First, step 28' }])
})

it('finds rows by name and value, and those that were changed', () => {
  const groups = rowsOf(run, [])
  expect(rows(foundRows(groups, '', true)).map(({ title }) => title)).toEqual(['Epochs', 'Objective'])
  expect(rows(foundRows(groups, 'raster', false)).map(({ title }) => title)).toEqual(['Order'])
  expect(foundRows(groups, 'no such thing', false)).toEqual([])
})

it('gives the command of the run', () => {
  expect(commandOfRun(run)).toBe(
    "saim train /photos --preset nano --name 'A run' --from first@28 --objective igpt --epochs 40",
  )
})
