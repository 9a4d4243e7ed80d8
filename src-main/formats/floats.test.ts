import { expect, it } from 'vitest'
import { fromFloat16, toFloat16 } from './floats'

const there = (values: number[]) => toFloat16(Float32Array.from(values))
const back = (halves: Uint16Array) => fromFloat16(new Uint8Array(halves.buffer))

it('keeps every half, there and back', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits)
  const numbers = all.filter((bits) => (bits & 0x7c00) !== 0x7c00)
  expect(toFloat16(back(numbers))).toEqual(numbers)
  expect([...back(there([Infinity, -Infinity, NaN]))]).toEqual([Infinity, -Infinity, NaN])
})

it('rounds to the nearest half, to the even one between two', () => {
  const step = 2 ** -10
  expect([...back(there([1 + step / 2, 1 + 1.5 * step, 1 + 0.51 * step, -1 - 0.49 * step]))]).toEqual([
    ...[1, 1 + 2 * step, 1 + step, -1],
  ])
  expect([...back(there([65519, 65520, 2 ** -25, 1.1 * 2 ** -25, 2 ** -14 - 2 ** -26]))]).toEqual([
    ...[65504, Infinity, 0, 2 ** -24, 2 ** -14],
  ])
})
