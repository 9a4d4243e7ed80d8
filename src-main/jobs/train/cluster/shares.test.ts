import { expect, it } from 'vitest'
import { fromPreset, type Hyperparameters } from '#shared/settings/hyperparameters'
import { leftOutNotice, requireShares } from './shares'

const refusal = (changes: Partial<Hyperparameters>, workers = 2) => {
  try {
    requireShares(fromPreset('nano', changes), { launcher: 'ray', workers, address: null })
  } catch (error) {
    return (error as Error).message
  }
}

it('a cluster takes only runs that its workers can train', () => {
  expect(refusal({})).toBeUndefined()
  expect(refusal({ batchSize: 4, accumulation: 2 }, 9)).toBe('9 workers cannot share the 8 images of a step.')
})

it('a cluster run says which of its settings workers do without', () => {
  expect(leftOutNotice(fromPreset('nano', { healthEvery: 0 }))).toBeNull()
  expect(leftOutNotice(fromPreset('nano', { healthEvery: 2, adaptBatch: true }))).toBe(
    'These settings have no effect with PyTorch: Health every, Fit batch to memory.',
  )
})
