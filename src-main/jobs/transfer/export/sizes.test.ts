import { expect, it } from 'vitest'
import { fromPreset, type Hyperparameters } from '#shared/settings/hyperparameters'
import { initialWeights } from '#model/objectives/index'
import { authors, type Layout, timm } from '#formats/layouts'
import { exportBytes } from './sizes'

/** Small, so that its weights are made at once. */
const small = { width: 16, depth: 1, heads: 1, queryDepth: 1, decoderWidth: 32, decoderDepth: 1 }
const changes: Partial<Hyperparameters>[] = [
  {},
  { blurSize: 0, positions: 'learned' },
  { objective: 'mae' },
  { shareWeights: true },
]

it.each(changes)('the weights of exports take as much as is said before: %j', (change) => {
  const h = fromPreset('nano', { ...small, ...change })
  const written = (layout: Layout) =>
    Object.values(layout.write(initialWeights(h, 0), h)).reduce(
      (sum, { values }) => sum + values.byteLength,
      0,
    )
  expect(exportBytes(h)).toEqual({ all: written(authors), encoder: written(timm) })
})
