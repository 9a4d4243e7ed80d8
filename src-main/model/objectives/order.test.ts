import { expect, it } from 'vitest'
import { purposes, uniforms } from '#shared/random'
import { fromPreset, patchCount } from '#shared/settings/hyperparameters'
import { orderOfNoise, orders } from './order'

it('the order of an image is that of its noise, by raster that of the rows', () => {
  const h = fromPreset('base')
  const count = patchCount(h)
  const noise = [3, 8].flatMap((image) => [...uniforms(7, purposes.order, 2, image, count)])
  expect(orders(h, 7, 2, [3, 8])).toEqual(orderOfNoise(noise, count))
  const rows = Array.from({ length: count }, (_, i) => i)
  expect([...orders({ ...h, order: 'raster' }, 7, 2, [3, 8])]).toEqual([...rows, ...rows])
})
