import { expect, it } from 'vitest'
import type { Experiment, ExperimentFigures } from '#shared/contract'
import { resultsCsv, resultsLatex } from './results-table'

const figures = (knnBalanced: number | null) => ({ knnBalanced }) as ExperimentFigures
const variant = (name: string, head: string, ...shares: (number | null)[]) => ({
  name,
  changes: { head },
  runs: shares.map((share, seed) => ({ run: null, seed, status: 'finished', figures: figures(share) })),
  mean: figures(null),
})
const experiment = {
  plan: { kind: 'ablation', ablation: 'head' },
  scores: ['knn'],
  recipe: [{ title: 'Pre-training', words: 'epochs 12, batch size 32' }],
  variants: [variant('Linear, 50% & more', 'linear', 0.4, 0.5), variant('MLP head', 'mlp', 0.6)],
  baseline: variant('Random weights', 'linear', null),
} as unknown as Experiment

it('has mean and deviation over seeds beside what the paper says, for spreadsheets', () => {
  expect(resultsCsv(experiment).split('\n')).toEqual([
    'Variant,Seeds,"kNN, mean per class, %",Standard deviation over seeds,"Paper, fine-tuned","Recipe, pre-training"',
    '"Linear, 50% & more",0 1,45.0,7.1,83.55,"epochs 12, batch size 32"',
    'MLP head,0,60.0,,83.64,"epochs 12, batch size 32"',
    'Random weights,0,,,,',
    '',
  ])
})

it('has the same for LaTeX, whose signs are escaped', () => {
  const lines = resultsLatex(experiment).split('\n')
  expect(lines.slice(0, 3)).toEqual([
    '% Pre-training: epochs 12, batch size 32',
    '% Seeds: 0, 1',
    '\\begin{tabular}{llrr}',
  ])
  expect(lines[6]).toBe('  Linear, 50\\% \\& more & 0 1 & $45.0 \\pm 7.1$ & 83.55 \\\\')
  expect(lines[8]).toBe('  Random weights & 0 & -- & -- \\\\')
})
