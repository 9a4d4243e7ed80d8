import { expect, it } from 'vitest'
import { nearest } from './nearest'

const names = ['epochs', 'batch-size', 'image-size', 'patch-size', 'width', 'depth']

it.each([
  ['epoch', 'epochs'],
  ['batchSize', 'batch-size'],
  ['imagesize', 'image-size'],
  ['witdh', 'width'],
  ['colour', undefined],
])('%s is %s', (typed, meant) => expect(nearest(typed, names)).toBe(meant))
