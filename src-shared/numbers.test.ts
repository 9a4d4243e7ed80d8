import { expect, it } from 'vitest'
import { readNumber, readWhole } from './numbers'

it.each([
  ['10', 10],
  [' 0.5 ', 0.5],
  ['.5', 0.5],
  ['5.', 5],
  ['-3', -3],
  ['1e-4', 1e-4],
  ['1.5E+3', 1500],
  ['0', 0],
])('%j is %d', (text, value) => expect(readNumber(text)).toEqual({ value, problem: null }))

it.each([
  ['', /missing/],
  ['  ', /missing/],
  ['two', /not a number/],
  ['.', /not a number/],
  ['-', /not a number/],
  ['e5', /not a number/],
  ['0x10', /not a number/],
  ['10 000', /not a number/],
  ['0002', /not a number/],
  ['1_000', /not a number/],
  ['NaN', /not a number/],
  ['Infinity', /not a number/],
  ['１０', /not a number/],
  ['1e999', /too large/],
  ['-1e999', /too large/],
  ['0,0002', /has a comma/],
  ['1,000.5', /has a comma/],
  ['1.000,5', /has a comma/],
])('%j is refused', (text, words) => {
  expect(readNumber(text)).toEqual({ value: null, problem: expect.stringMatching(words) })
})

it.each([
  ['-1', /not a whole number, 0 or more/],
  ['1.5', /not a whole number/],
  ['1e300', /not a whole number/],
])('%j is no count', (text, words) => {
  expect(readWhole(text).problem).toMatch(words)
})

it('keeps whole numbers within bounds', () => {
  expect(readWhole('256', 0, 256).value).toBe(256)
  expect(readWhole('257', 0, 256).problem).toBe('“257” is not a whole number from 0 to 256.')
  expect(readWhole('1e2').value).toBe(100)
})
