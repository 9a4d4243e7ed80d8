import { expect, it } from 'vitest'
import { rowsAt } from '#inference/rows'
import { orderReference, waves } from '#test/helpers/order-reference'
import { kMeans } from './clusters'

it.each(orderReference.kMeans)(
  'divides $count rows into $clusters clusters as scikit-learn does from the same centres',
  async ({ count, width, groups, clusters, inertia, labels }) => {
    const values = waves(count, width, groups)
    const first = Array.from({ length: clusters }, (_, row) => [...rowsAt(values, width, [row])])
    const { of, distances } = await kMeans({ values, width }, clusters, first)
    expect([...of]).toEqual(labels)
    expect(distances.reduce((a, b) => a + b, 0) / inertia).toBeCloseTo(1, 5)
  },
)

it('finds groups by itself, also of rows that the centres were not found by', async () => {
  const [count, width, groups] = [9000, 8, 6]
  const { of } = await kMeans({ values: waves(count, width, groups, 0.2), width }, groups)
  expect(new Set(of).size).toBe(groups)
  expect(new Set(Array.from(of, (one, row) => `${one} ${row % groups}`)).size).toBe(groups)
})
