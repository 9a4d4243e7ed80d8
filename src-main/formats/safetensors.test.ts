import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeSafetensors, encodeSafetensors } from './safetensors'

const weights = { a: { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) } }

it('reads what it wrote', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.array(fc.float({ noNaN: true }))), (lists) => {
      const tensors = Object.fromEntries(
        Object.entries(lists)
          .filter(([name]) => name !== '__metadata__')
          .map(([name, list]) => [name, { shape: [list.length], values: Float32Array.from(list) }]),
      )
      expect(decodeSafetensors(encodeSafetensors(tensors, { step: '3' }))).toEqual({
        tensors,
        metadata: { step: '3' },
      })
    }),
    { examples: [[JSON.parse('{ "__proto__": [1] }')]] },
  )
})

it('refuses every torn file', () => {
  const bytes = encodeSafetensors(weights)
  for (let length = 0; length < bytes.length; length++)
    expect(() => decodeSafetensors(bytes.subarray(0, length))).toThrow(/damaged/)
})

it('refuses sizes that do not fit the shape', () => {
  const text = Buffer.from(encodeSafetensors(weights)).toString('latin1').replace('[2,3]', '[2,4]')
  expect(() => decodeSafetensors(Buffer.from(text, 'latin1'))).toThrow(/does not fit/)
})
