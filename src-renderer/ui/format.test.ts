import { describe, expect, it } from 'vitest'
import { accuracy, bytes, count, duration, number, percent, settingValue } from './format'

describe('numbers as a person reads them', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [12_345, '12 kB'],
    [999_999, '1.0 MB'],
    [1.5e9, '1.5 GB'],
    [2e15, '2000 TB'],
  ])('%d bytes', (n, text) => expect(bytes(n)).toBe(text))

  it.each([
    [null, '–'],
    [Infinity, '–'],
    [0.4, '0 s'],
    [59.6, '1 min 0 s'],
    [3599, '59 min 59 s'],
    [3660, '1 h 1 min'],
    [86_400, '1 day'],
    [129_600, '1.5 days'],
  ])('%s seconds', (seconds, text) => expect(duration(seconds)).toBe(text))

  it.each([
    [undefined, '–'],
    [null, '–'],
    [0, '0.0000'],
    [0.12345, '0.1235'],
    [0.00012, '1.20e-4'],
    [-0.5, '-0.5000'],
  ])('%s', (n, text) => expect(number(n)).toBe(text))

  it('settings with their unit', () => {
    expect(settingValue({ unit: 'epochs' }, 1)).toBe('1 epoch')
    expect(settingValue({ unit: 'px' }, 224)).toBe('224 px')
    expect(settingValue({}, 0.00015)).toBe('0.00015')
    expect(settingValue({}, true)).toBe('true')
  })

  it('shares and counts', () => {
    expect(percent(0.714)).toBe('71 %')
    expect(accuracy(0.714)).toBe('71.4 %')
    expect(accuracy(null)).toBe('–')
    expect(count(12_345)).toBe('12,345')
  })
})
