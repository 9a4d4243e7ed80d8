import '@tensorflow/tfjs-backend-cpu'
import { expect, it } from 'vitest'
import { imageNetStatistics } from '#shared/image-net'
import { normalise as inGraph } from '#model/augment/normalise'
import * as tf from '#model/tensor/tf'
import { normalise } from './normalise'

it('a step normalises bytes as is done outside of it, but for the last digits of 32 bits', () => {
  const bytes = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3))
  tf.setBackend('cpu')
  const made = inGraph(tf.tensor(bytes, [1, 16, 16, 3], 'int32'), imageNetStatistics).dataSync()
  const wanted = normalise(bytes, imageNetStatistics)
  expect(wanted[3 * 128]).toBeCloseTo((128 / 255 - 0.485) / 0.229, 6)
  expect(Math.max(...wanted.map((value, i) => Math.abs(value - made[i]!)))).toBeLessThan(4e-7)
})
