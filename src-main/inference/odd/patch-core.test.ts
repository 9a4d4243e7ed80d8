import { expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { orderReference, waves } from '#test/helpers/order-reference'
import { coreset, distances, neighbourhoods } from './patch-core'

it.each(orderReference.patchCore)(
  'finds how far patches are from a bank of $bank ordinary ones as scikit-learn’s neighbours do',
  async ({ images, grid, width, bank, distances: expected }) => {
    const { values } = neighbourhoods({ values: waves(images * grid ** 2, width, 5), width }, grid)
    const half = values.length / 2
    const ordinary = await coreset({ values: values.subarray(0, half), width }, bank)
    const engine = await createEngine('onnxruntime-cpu', { threads: 1 })
    const found = await distances(engine, ordinary, { values: values.subarray(half), width })
    expect(found).toHaveLength(expected.length)
    // Near 0 a distance is the root of a difference of near equal numbers.
    expected.forEach((distance, i) => expect(Math.abs(found[i]! - distance)).toBeLessThan(1e-3))
  },
)
