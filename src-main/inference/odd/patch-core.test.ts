import { expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { orderReference, waves } from '#test/helpers/order-reference'
import { coreset, distances, neighbourhoods } from './patch-core'

it.each(orderReference.patchCore)(
  'finds how far patches are from a bank of $bank ordinary ones as scikit-learn’s neighbours do',
  async ({ images, grid, width, bank, distances: expected }) => {
    const { values } = neighbourhoods({ values: waves(images * grid ** 2, width, 5), width }, grid)
    const half = values.length / 2
    const of = Array.from({ length: half / width }, () => 'ordinary')
    const ordinary = await coreset({ values: values.subarray(0, half), width }, of, bank)
    const engine = await createEngine('onnxruntime-cpu', { threads: 1 })
    const asked = { values: values.subarray(half), width }
    const found = await distances(engine, ordinary, asked, () => 'asked')
    expect(found).toHaveLength(expected.length)
    // Near 0 a distance is the root of a difference of near equal numbers.
    expected.forEach((distance, i) => expect(Math.abs(found[i]! - distance)).toBeLessThan(1e-3))
  },
)

it('compares an ordinary image with the others alone', async () => {
  const width = 2
  // A corner of its own each: the second image has two patches, one of which the first has too.
  const bank = {
    values: Float32Array.from([1, 0, 1, 0, 0, 1]),
    width,
    of: ['a', 'b', 'b'],
    centre: new Float32Array(width),
  }
  const engine = await createEngine('onnxruntime-cpu', { threads: 1 })
  const patches = { values: Float32Array.from([1, 0, 0, 1, 0, 1]), width }
  const found = await distances(engine, bank, patches, (patch) => ['b', 'b', 'a'][patch]!)
  expect([...found]).toEqual([0, expect.closeTo(Math.SQRT2, 3), 0])
})
