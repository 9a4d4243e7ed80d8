import { expect, it } from 'vitest'
import type { EngineProof } from './contract'
import { fastestPrecision } from './fastest-precision'

const showed = (precision: string, nano: number, ...base: number[]) => ({
  precision,
  imagesPerSecond: nano,
  presets: [nano, ...base].map((imagesPerSecond, i) => ({ preset: ['nano', 'base'][i], imagesPerSecond })),
})
const of = (...precisions: ReturnType<typeof showed>[]) =>
  fastestPrecision({ precisions } as unknown as EngineProof)

it('takes the fastest precision that was shown, and a more exact one where that is as fast', () => {
  expect(of(showed('float32', 100))).toEqual({ precision: 'float32', why: null })
  expect(of(showed('float32', 100), showed('tf32', 104)).precision).toBe('float32')
  expect(of(showed('float32', 100), showed('tf32', 150), showed('bfloat16', 155)).precision).toBe('tf32')
  expect(of(showed('float32', 100), showed('tf32', 150), showed('bfloat16', 300))).toEqual({
    precision: 'bfloat16',
    why: 'bfloat16, 3.0 times as fast as float32 here',
  })
})

it('compares on the largest preset that both were timed on', () => {
  const proof = [showed('float32', 100, 10), showed('tf32', 90, 25)]
  expect(of(...proof)).toEqual({ precision: 'tf32', why: 'tf32, 2.5 times as fast as float32 here' })
  expect(of(showed('float32', 100, 10), showed('tf32', 90)).precision).toBe('float32')
})
