import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  accuracy,
  ahead,
  bytes,
  bytesOf,
  count,
  date,
  dateTime,
  day,
  duration,
  millions,
  number,
  percent,
  rate,
  roughly,
  settingValue,
  inSentence,
} from './format'

describe('numbers as a person reads them', () => {
  it.each([
    [0, '0 B'],
    [699, '699 B'],
    [999, '1.0 kB'],
    [3200, '3.2 kB'],
    [12_345, '12 kB'],
    [47e6, '47 MB'],
    [640e6, '640 MB'],
    [0.9e9, '0.9 GB'],
    [9.96e9, '10 GB'],
    [24.2e9, '24 GB'],
    [2e15, '2000 TB'],
    [null, '–'],
  ])('%d bytes', (n, text) => expect(bytes(n)).toBe(text))

  it.each([
    [null, '–', '–'],
    [Infinity, '–', '–'],
    [0.4, '0 s', '0 s'],
    [59.6, '1 min', '1 min'],
    [152, '2 min 32 s', '3 min'],
    [188, '3 min 08 s', '3 min'],
    [3599, '59 min 59 s', '1 h'],
    [3660, '1 h 01 min', '1 h'],
    [13_020, '3 h 37 min', '4 h'],
    [86_400, '1 day', '1 day'],
    [129_600, '1.5 days', '1.5 days'],
  ])('%s seconds, measured and guessed', (seconds, text, rough) => {
    expect(duration(seconds)).toBe(text)
    expect(roughly(seconds)).toBe(rough)
  })

  it.each([
    [undefined, '–'],
    [null, '–'],
    [NaN, '–'],
    [0, '0.000'],
    [0.42149, '0.421'],
    [0.0005, '5e-4'],
    [0.00000012, '1.2e-7'],
    [-0.5, '−0.500'],
    [-0.0002, '−2e-4'],
  ])('%s', (n, text) => expect(number(n)).toBe(text))

  it.each([
    [{ unit: 'epochs' }, 1, '1 epoch'],
    [{ unit: 'px' }, 224, '224 px'],
    [{}, 0.00015, '1.5e-4'],
    [{}, 0.95, '0.95'],
    [{}, 4 / 3, '1.3333'],
    [{}, 2048, '2,048'],
    [{}, 1234567, '1,234,567'],
    [{}, true, 'on'],
    [{}, 'L2', 'L2'],
    [{ words: { mlp: 'MLP' } }, 'mlp', 'MLP'],
    [{ words: { 0: 'off' }, unit: 'px' }, 0, 'off'],
    [{}, undefined, '–'],
  ])('settings of %j: %s is %s', (setting, value, text) => expect(settingValue(setting, value)).toBe(text))

  it('parts of a whole', () => {
    expect(bytesOf(1.9e9, 24e9)).toBe('1.9 of 24 GB')
    expect(bytesOf(400e6, 24e9)).toBe('400 MB of 24 GB')
  })

  it('shares, counts and speeds', () => {
    expect(percent(0.6)).toBe('60%')
    expect(accuracy(0.5971)).toBe('59.7%')
    expect(accuracy(null)).toBe('–')
    expect(count(1120)).toBe('1,120')
    expect(millions(3_900_000)).toBe('3.9 M')
    expect(millions(304e6)).toBe('304 M')
    expect([46.8, 1.12, 1204, null].map(rate)).toEqual(['47', '1.1', '1,204', '–'])
  })
})

describe('times', () => {
  beforeEach(() => void vi.useFakeTimers({ now: new Date(2026, 10, 28, 11, 40) }))
  afterEach(() => void vi.useRealTimers())

  it.each([
    [new Date(2026, 10, 28, 9, 5), '09:05', 'Today'],
    [new Date(2026, 10, 27, 23, 59), 'Yesterday', 'Yesterday'],
    [new Date(2026, 10, 26, 12), '26 Nov', '26 Nov'],
    [new Date(2025, 0, 3, 12), '3 Jan 2025', '3 Jan 2025'],
  ])('%s', (at, text, ofDay) => {
    expect(date(at)).toBe(text)
    expect(day(at)).toBe(ofDay)
  })

  it('within a sentence', () =>
    expect(['Today', 'Yesterday', '26 Nov', '11:42'].map(inSentence)).toEqual([
      'today',
      'yesterday',
      '26 Nov',
      '11:42',
    ]))

  it('whole', () => expect(dateTime(new Date(2026, 10, 28, 11, 33))).toBe('28 Nov 2026, 11:33'))

  it.each([
    [120, 'at 11:42'],
    [86_400, 'tomorrow at 11:40'],
    [5 * 86_400, 'on 3 Dec at 11:40'],
  ])('in %d seconds', (seconds, text) => expect(ahead(seconds)).toBe(text))
})
