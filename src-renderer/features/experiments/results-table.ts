import type { Experiment, ExperimentVariant } from '#shared/contract'
import { type PaperFigures, paperFigures } from '#shared/settings/ablations'
import { csvTable } from '#shared/csv'
import { scoreTitles } from './finding'

/** The results as a table: a row for each variant, its scores of all seeds with their mean and spread, in percent. */
function tableOf({ variants, baseline, scores, plan }: Experiment) {
  const paper = paperFigures(plan, variants)
  const hasProbe = paper?.some((each) => each?.probe)
  const rows = [...variants, ...(baseline ? [baseline] : [])]
  return {
    heads: [
      'Variant',
      'Seeds',
      ...scores.map((score) => `${scoreTitles[score].title}, mean per class`),
      ...(paper ? ['Paper, fine-tuned', ...(hasProbe ? ['Paper, linear probe'] : [])] : []),
    ],
    rows: rows.map((row, i) => ({
      name: row.name,
      seeds: row.runs.map(({ seed }) => seed).join(' '),
      scores: scores.map((score) => spreadOf(row, scoreTitles[score].figure)),
      paper: paper ? figuresOf(paper[i], !!hasProbe) : [],
    })),
  }
}

/** All seeds of an experiment, the smallest first. */
export const seedsOf = ({ variants }: Pick<Experiment, 'variants'>) =>
  [...new Set(variants.flatMap(({ runs }) => runs.map(({ seed }) => seed)))].sort((a, b) => a - b).join(', ')

const figuresOf = (figures: PaperFigures | null | undefined, hasProbe: boolean) =>
  [figures?.finetune, ...(hasProbe ? [figures?.probe] : [])].map((figure) => `${figure ?? ''}`)

/** Mean and sample deviation over seeds; null where nothing is known, no deviation of one seed. */
function spreadOf({ runs }: ExperimentVariant, figure: keyof ExperimentVariant['mean']) {
  const known = runs.flatMap(({ figures }) => figures[figure] ?? []).map((share) => 100 * share)
  if (known.length === 0) return null
  const mean = known.reduce((sum, x) => sum + x, 0) / known.length
  const squares = known.reduce((sum, x) => sum + (x - mean) ** 2, 0)
  return {
    mean: mean.toFixed(1),
    deviation: known.length > 1 ? Math.sqrt(squares / (known.length - 1)).toFixed(1) : null,
  }
}

/** For spreadsheets: mean and deviation in columns of their own, the recipe in columns behind them. */
export function resultsCsv(experiment: Experiment): string {
  const { heads, rows } = tableOf(experiment)
  const scored = experiment.scores.length
  const named = heads.flatMap((head, i) =>
    i > 1 && i < 2 + scored ? [`${head}, %`, 'Standard deviation over seeds'] : [head],
  )
  const { recipe, variants } = experiment
  const lines = rows.map(({ name, seeds, scores, paper }, i) => [
    name,
    seeds,
    ...scores.flatMap((score) => [score?.mean ?? '', score?.deviation ?? '']),
    ...paper,
    // Random weights, behind the variants, were not trained.
    ...recipe.map(({ title, words }) => (title === 'Pre-training' && i >= variants.length ? '' : words)),
  ])
  const recipes = recipe.map(({ title }) => `Recipe, ${title.toLowerCase()}`)
  return csvTable([[...named, ...recipes], ...lines])
}

/** For a paper: a table of the package booktabs, with recipe and seeds in comments before it. */
export function resultsLatex(experiment: Experiment): string {
  const { heads, rows } = tableOf(experiment)
  const line = (cells: string[]) => `  ${cells.join(' & ')} \\\\`
  return [
    ...experiment.recipe.map(({ title, words }) => `% ${title}: ${words}`),
    `% Seeds: ${seedsOf(experiment)}`,
    `\\begin{tabular}{ll${'r'.repeat(heads.length - 2)}}`,
    '  \\toprule',
    line(heads.map(latexText)),
    '  \\midrule',
    ...rows.map(({ name, seeds, scores, paper }) =>
      line([
        latexText(name),
        seeds,
        ...scores.map((score) =>
          score ? `$${score.mean}${score.deviation ? ` \\pm ${score.deviation}` : ''}$` : '--',
        ),
        ...paper.map((figure) => figure || '--'),
      ]),
    ),
    '  \\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n')
}

const latexText = (text: string) => text.replace(/[\\{}$&#%_^~]/g, (sign) => latexSigns[sign] ?? `\\${sign}`)
const latexSigns: Partial<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
}
