import { expect, it } from 'vitest'
import { plainValue } from './plain-value'

it.each([
  [true, undefined, 'on'],
  [2048, undefined, '2,048'],
  [4 / 3, undefined, '1.3333'],
  [2e-4, undefined, '2e-4'],
  [1, 'epochs', '1 epoch'],
  ['saim', undefined, 'saim'],
  [undefined, undefined, '–'],
])('%s %s is %s', (value, unit, text) => expect(plainValue(value, unit)).toBe(text))
