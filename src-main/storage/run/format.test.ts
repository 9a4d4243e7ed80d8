import { expect, it } from 'vitest'
import { migrateCheckpoint, migrateRun, runFormat } from './format'

it('fills in what older runs of format 1 lack, and changes nothing that is there', () => {
  const file = { format: 1, name: 'a', dataset: { folder: '/b' }, seams: [1] }
  expect(migrateRun(file)).toEqual({
    ...{ format: 2, name: 'a', dataset: { folder: '/b', validation: 0 }, seams: [1] },
    ...{ cluster: null, engines: [], notice: null, cache: null, pendingChanges: [], origin: null },
    // What they were trained in, whatever is the fastest now.
    hyperparameters: { precision: 'float32' },
    statistics: { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
  })
  expect(file).toEqual({ format: 1, name: 'a', dataset: { folder: '/b' }, seams: [1] })
})

it('takes a checkpoint without a number for one of format 1', () => {
  expect(migrateCheckpoint({ step: 3, interval: { sum: 1, steps: 2 } })).toEqual({
    format: 2,
    step: 3,
    interval: { sum: 1, steps: 2, validation: null },
  })
})

it('leaves files of its own format as they are', () => {
  const file = { format: runFormat, step: 3, interval: { sum: 1 } }
  expect(migrateCheckpoint(file)).toEqual(file)
  expect(migrateRun({ format: runFormat, dataset: 1 })).toEqual({ format: runFormat, dataset: 1 })
})

it('refuses newer ones in words', () => {
  for (const migrate of [migrateRun, migrateCheckpoint])
    expect(() => migrate({ format: runFormat + 1 })).toThrow(
      'was made by a newer version of SAIM Studio (format 3, this one knows 2)',
    )
})
