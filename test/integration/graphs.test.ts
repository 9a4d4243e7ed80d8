import { describe, expect, it } from 'vitest'
import { fromPreset, presetNames } from '#shared/settings/hyperparameters'
import { graphHashes } from '#test/helpers/graphs'

/**
 * Every step of every preset and objective as each writer encodes it, by checksum: where these change, so does what is
 * computed, or its order. Change them on purpose only, with `vitest -u`, and say why in the commit.
 */
describe('Graphs of steps are those that were committed', () => {
  // With CI only: the others tell of a change sooner.
  const large = process.env['CI'] ? [] : ['tiny', 'small', 'base']
  const variants = presetNames
    .filter((preset) => !large.includes(preset))
    .flatMap((preset) => (['saim', 'mae', 'igpt'] as const).map((objective) => ({ preset, objective })))
  it.each(variants)('$preset by $objective', async ({ preset, objective }) => {
    const h = fromPreset(preset, { objective, batchSize: 4, accumulation: 2 })
    await expect(JSON.stringify(graphHashes(h), null, 2)).toMatchFileSnapshot(
      `graphs/${preset}-${objective}.json`,
    )
  })

  it.each([
    ['shared', { shareWeights: true, queryDepth: 2 }],
    ['linear', { head: 'linear', loss: 'L1', normalizePixels: false, clipGradient: 1 }],
    ['transformer', { head: 'transformer', queryDepth: 0, positions: 'learned' }],
    ['checkpointing', { gradientCheckpointing: true }],
  ] as const)('nano, %s', async (name, changes) => {
    const h = fromPreset('nano', { batchSize: 4, accumulation: 2, ...changes })
    await expect(JSON.stringify(graphHashes(h), null, 2)).toMatchFileSnapshot(`graphs/nano-${name}.json`)
  })
})
