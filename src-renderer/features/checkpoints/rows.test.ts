import { expect, it } from 'vitest'
import type { Checkpoint, Health, MetricColumns } from '#shared/contract'
import { checkpointRows } from './rows'

const checkpoint = (step: number, loss: number | null) => ({ step, loss, epoch: step / 10 }) as Checkpoint
const metrics = (validationLoss: (number | null)[]) =>
  ({ step: [5, 10, 15, 20], loss: [0.9, 0.8, 0.7, 0.6], validationLoss }) as MetricColumns
const health = { step: [10, 18], knn: [0.4, 0.5] } as Health

it('gives each checkpoint the figures of its step, newest first', () => {
  const rows = checkpointRows(
    [checkpoint(10, 0.85), checkpoint(20, 0.95)],
    metrics([null, 0.85, null, 0.95]),
    health,
  )
  expect(rows).toMatchObject([
    { step: 20, trainingLoss: 0.6, validationLoss: 0.95, knn: null, newest: true, best: false },
    { step: 10, trainingLoss: 0.8, validationLoss: 0.85, knn: 0.4, newest: false, best: true },
  ])
})

it('calls no loss a validation loss where nothing is held out, and no single checkpoint the best', () => {
  const [only] = checkpointRows([checkpoint(10, 0.85)], metrics([null, null, null, null]), null)
  expect(only).toMatchObject({ validationLoss: null, knn: null, newest: true, best: false })
})

it('knows no figures before they are loaded', () => {
  expect(checkpointRows([checkpoint(10, null)], undefined, null)[0]).toMatchObject({ trainingLoss: null })
})
