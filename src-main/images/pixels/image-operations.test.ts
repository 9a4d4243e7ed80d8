import { describe, expect, it } from 'vitest'
import { evaluationReference } from '#test/helpers/reference'
import { randAugment, randAugmentArguments, randAugmentDraws } from '#model/augment/rand-augment'
import { type OperationName, operations } from './image-operations'

const { randAugment: reference } = evaluationReference()

/** The picture that the script makes. */
const size = 24
const picture = Uint8Array.from({ length: size * size * 3 }, (_, i) => {
  const [y, x, c] = [Math.floor(i / 3 / size), Math.floor(i / 3) % size, i % 3]
  const level = 100 + 60 * Math.sin(0.4 * x + c) + 50 * Math.cos(0.3 * y - c) + (x > y ? 40 : 0)
  return Math.min(Math.max(Math.floor(level), 0), 255)
})

it('knows the operations of timm', () => {
  expect(Object.keys(operations)).toEqual(reference.operations)
  expect(Object.keys(randAugmentArguments)).toEqual(reference.operations)
})

describe.each(reference.cases)('$operation at $magnitude, negative $negative', (wanted) => {
  const name = wanted.operation as OperationName
  const argument = randAugmentArguments[name](wanted.magnitude / 10, wanted.negative ? -1 : 1)

  it('has the argument of timm and gives the pixels of Pillow', () => {
    if (wanted.argument !== null) expect(argument).toBeCloseTo(wanted.argument, 10)
    const { bytes: values } = operations[name]({ bytes: picture, width: size, height: size }, argument)
    const pixels = Buffer.from(wanted.pixels, 'base64')
    expect(Math.max(...pixels.map((v, i) => Math.abs(v - values[i]!)))).toBeLessThanOrEqual(1)
    expect(values.filter((v, i) => v !== pixels[i]).length).toBeLessThan(0.005 * values.length)
    if (name !== 'Equalize') expect([...values]).not.toEqual([...picture])
  })
})

it('draws two operations, each every second time, around the magnitude', () => {
  const drawn = Array.from({ length: 2000 }, (_, i) => {
    const u = Array.from({ length: randAugmentDraws }, (_, k) => ((i * 0.754877 + k * 0.56984) * (k + 1)) % 1)
    return randAugment({ magnitude: 9, deviation: 0.5 }, u)
  })
  expect(drawn.flat().length / drawn.length).toBeCloseTo(1, 1)
  const angles = drawn.flat().flatMap(({ name, argument }) => (name === 'Rotate' ? [argument] : []))
  expect(angles.some((angle) => angle < 0) && angles.some((angle) => angle > 0)).toBe(true)
  for (const angle of angles) expect(Math.abs(Math.abs(angle) - 27)).toBeLessThan(6)
})
