import { expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { nearest, unitRows, votes } from '#inference/features/knn'
import type { StepFunction } from '#model/tensor/step'
import { knnWeights, logVotes } from './models'

const width = 8
const rows = (count: number, of: (i: number) => number) => ({
  values: Float32Array.from({ length: count * width }, (_, i) => of(i)),
  width,
})

it('votes in one program as the evaluation does in two', async () => {
  const engine = await createEngine('onnxruntime-cpu', { threads: 1 })
  const bank = rows(60, (i) => Math.sin(i * i * 0.7))
  const asked = rows(5, (i) => Math.cos(i * i * 1.3))
  const labels = Array.from({ length: 60 }, (_, row) => (row * 7) % 4)
  const s = { neighbours: 9, temperature: 0.07 }
  const state = engine.createState(knnWeights(unitRows(bank), labels, 4))
  const step: StepFunction = ({ bank, classes }, { features }) => ({
    outputs: { logarithms: logVotes(features!, bank!, classes!, s) },
  })
  const program = await engine.compile(step, state, { features: { shape: [5, width], dtype: 'float32' } })
  const { logarithms } = await program.run({ features: unitRows(asked) })
  const given = votes(await nearest(engine, bank, asked, 9), labels, 4, s.temperature)
  for (let query = 0; query < 5; query++) {
    const own = given.slice(query * 4, query * 4 + 4)
    const sum = own.reduce((a, b) => a + b)
    own.forEach((votes, k) =>
      expect(Math.exp(logarithms!.values[query * 4 + k]!)).toBeCloseTo(votes / sum, 4),
    )
  }
  await program.dispose()
  state.dispose()
})
