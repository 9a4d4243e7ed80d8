import { ablations, type AblationName, grid, nameOfVariant } from '../../src-shared/ablations'
import { evaluationKinds } from '../../src-shared/evaluation-settings'
import { AppError } from '../../src-shared/errors'
import { allSettings, hyperparametersSchema, presets } from '../../src-shared/hyperparameters'
import type { Setting } from '../../src-shared/settings'
import { readMetrics } from '../training/metrics'
import { readRun } from '../training/run-folder'
import { evaluateRun } from './evaluate'
import { accuracyText } from './report'
import { chosenSettings, flagOf, settingsFrom } from './setting-options'
import { train, type TrainOptions } from './train'

type SweepOptions = Omit<TrainOptions, 'from'> & {
  ablation?: AblationName
  vary: string[]
} & Record<string, unknown>

/**
 * `saim sweep`: trains a run for each variant, one after the other, asks each by nearest neighbours what it learned, and
 * prints them side by side.
 */
export async function sweep(folder: string | undefined, options: SweepOptions): Promise<void> {
  const base = presets[options.preset ?? 'nano'].values
  const h = settingsFrom(hyperparametersSchema, allSettings, options, base)
  const variants = options.ablation ? ablations[options.ablation].variants(h) : grid(options.vary.map(axisOf))
  if (variants.length < 2)
    throw new AppError(
      'bad-settings',
      'There is nothing to compare.',
      'Use --ablation or --vary name=value,value.',
    )
  for (const variant of variants) hyperparametersOf(h, variant) // refuses before anything is trained

  const table: Record<string, string>[] = []
  for (const variant of variants) {
    const label = nameOfVariant(variant)
    console.log(`\n${table.length + 1} of ${variants.length}: ${label}`)
    const name = options.name ? `${options.name}: ${label}` : label
    const run = await train(folder, {
      ...options,
      ...chosenSettings(allSettings, { ...h, ...variant }),
      name,
    })
    if ((await readRun(run)).status !== 'finished') break // the person ended it
    const score = await evaluateRun('knn', run, { ...options, ...evaluationKinds.knn.schema.parse({}), name })
    const losses = (await readMetrics(run)).slice(-20).map(({ loss }) => loss)
    table.push({
      variant: label,
      loss: (losses.reduce((a, b) => a + b, 0) / losses.length).toFixed(4),
      'kNN top-1': accuracyText(score.top1),
      'kNN mean of classes': accuracyText(score.balanced),
    })
  }
  console.table(table)
  if (options.ablation)
    console.log(
      'The paper asks the same of ViT-B/16 after hundreds of epochs on 1.28 million images: scale and measure differ, so that its figures can not be set beside these.',
    )
  if (table.length > 1)
    console.log('Losses of variants with other targets can not be compared with each other.')
}

const hyperparametersOf = (h: object, variant: Record<string, unknown>) =>
  settingsFrom(hyperparametersSchema, allSettings, variant, h)

/** A setting and its values from `name=value,value`, the name as a flag or as in run.json. */
function axisOf(text: string): { name: string; values: unknown[] } {
  const [given = '', list = ''] = text.split('=')
  const setting = (allSettings as Setting[]).find(({ name }) => name === given || flagOf(name) === given)
  if (!setting || list === '')
    throw new AppError(
      'bad-settings',
      `"${text}" varies nothing.`,
      'Write such as --vary order=stochastic,raster',
    )
  const value = (word: string) =>
    setting.kind === 'boolean' ? word === 'true' : setting.kind === 'choice' ? word : Number(word)
  return { name: setting.name, values: list.split(',').map(value) }
}
