import { expect, it, vi } from 'vitest'
import { patchAt, useComparedAttention } from './attention'

const asked = vi.hoisted(() => vi.fn())
const runs = vi.hoisted(() =>
  [4, 8].map((patchSize) => ({ id: `of ${patchSize}`, hyperparameters: { imageSize: 16, patchSize } })),
)
vi.mock('#backend', () => ({ backend: { 'inspect.attention': asked }, onEvent: () => undefined }))
vi.mock('#shell/store', () => ({ useApp: () => ({ attempt: (work: () => unknown) => work() }) }))
vi.mock('./store', () => ({
  useComparison: () => ({ large: 'a.png', chosen: runs, step: 7, ids: runs.map(({ id }) => id) }),
}))
vi.mock('#features/runs/store', () => ({
  useRuns: () => ({
    byId: new Map(runs.map((run) => [run.id, run])),
    checkpointAt: () => ({ step: 5 }),
  }),
}))

it('finds the patch at the same place of models with other patches', () => {
  const middleOfSixth = { x: 0.375, y: 0.375 } // of 4 × 4
  expect(patchAt(middleOfSixth, 4)).toBe(5)
  expect(patchAt(middleOfSixth, 8)).toBe(27)
  expect(patchAt({ x: 0.5, y: 0.5 }, 1)).toBe(0)
})

it('asks each run about the image of the first, from the same place, and shows the mean of the heads of the last block', async () => {
  asked.mockImplementation(({ token, run }: { token: number; run: string }) => {
    if (run === 'of 4' && token === 1 + 15) return Promise.reject(new Error('gone'))
    const patches = run === 'of 4' ? 16 : 4
    const to = (patch: number) => [0, ...Array.from({ length: patches }, (_, i) => (i === patch ? 1 : 0))]
    return Promise.resolve({
      picture: run,
      maps: [
        [to(3), to(3)],
        [to(0), to(1)],
      ],
      distances: [],
    })
  })
  const { seen, look } = useComparedAttention()
  await vi.waitFor(() => expect(seen.value).toHaveLength(2))
  expect(asked.mock.calls.map(([question]) => question as object)).toMatchObject(
    [1 + 10, 1 + 3].map((token, i) => ({
      ...{ run: runs[i]!.id, step: 5, view: 'full', token },
      image: { source: { kind: 'run', id: 'of 4' }, path: 'a.png' },
    })),
  )
  expect(seen.value[1]).toMatchObject({ grid: 2, patch: 3, levels: [1, 1, 0, 0] })
  // From the last of 2 × 2 patches to the first and the second: the diagonal and one side, halves of the image each.
  expect(seen.value[1]!.distance).toBeCloseTo((Math.SQRT2 + 1) / 2 / 2)

  // A run that cannot answer is left out.
  look(15, 4)
  await vi.waitFor(() => expect(seen.value.map(({ run }) => run.id)).toEqual(['of 8']))
})
