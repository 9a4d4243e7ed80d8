import { Command, Option } from 'commander'
import {
  type AblationName,
  ablationNames,
  ablations,
  axisOf,
  nameOfVariant,
  paperFigures,
  plannedRuns,
  scaleNote,
  type SweepPlan,
} from '#shared/settings/ablations'
import type { Experiment, ExperimentFigures } from '#shared/contract'
import { accuracy, number } from '#shared/format'
import { evaluationKinds } from '#shared/settings/evaluation'
import { allSettings, hyperparametersSchema, presetNames, presets } from '#shared/settings/hyperparameters'
import { createExperiment, experimentPaths, noteRun, readExperiment } from '#storage/experiment-file'
import { describeExperiment } from '#app/experiments/results'
import { sampleImagesFolder } from '#platform/paths'
import { Lock } from '#storage/lock'
import { evaluatedWords, evaluateRun } from '#cli/checkpoints/evaluate'
import { answers, lines, say, table } from '#cli/support/answer'
import { trainedWords } from '#cli/support/follow'
import { withImages } from '#cli/support/images'
import { decodersOption, engineOption, runsOption, threadsOption, whole } from '#cli/support/options'
import { chosenSettings, settingOptions, settingsFrom } from '#cli/support/setting-options'
import { train, type TrainOptions } from './train'

type SweepOptions = Omit<TrainOptions, 'from'> & {
  ablation?: AblationName
  vary: string[]
  list?: boolean
  seeds: number
} & Record<string, unknown>

export const sweepCommand = answers(
  new Command('sweep')
    .description('train a run for each of several settings and compare what they learned')
    .argument('[folder]', 'the images, in class folders; without it, the sample images')
    .addOption(
      new Option(
        '--ablation <name>',
        `one of the paper's ablations: ${ablationNames.map((name) => `${name} (${ablations[name].title.toLowerCase()})`).join(', ')}`,
      ).choices(ablationNames),
    )
    .option('--vary <name=values...>', 'such as order=stochastic,raster blur-size=0,9: all combinations', [])
    .option('--list', 'pair the values of all settings instead of combining them')
    .addOption(
      new Option('--seeds <n>', 'runs of each variant, with seeds from that of --seed on')
        .default(1)
        .argParser(whole(1, 20)),
    )
    .addOption(
      new Option('--preset <name>', 'what the variants begin with').choices(presetNames).default('nano'),
    )
    .option('--name <name>', 'what the names of the runs begin with')
    .addOption(runsOption())
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(decodersOption()),
  sweep,
  sweptWords,
)
for (const option of settingOptions(allSettings)) sweepCommand.addOption(option)

/**
 * `saim sweep`: trains a run for each variant and seed, one after the other, and asks each what it learned. The
 * experiment that the application shows is the same record.
 */
async function sweep(given: string | undefined, options: SweepOptions): Promise<Experiment> {
  const base = presets[options.preset ?? 'nano'].values
  const h = settingsFrom(hyperparametersSchema, allSettings, options, base)
  const plan = planOf(options)
  const planned = plannedRuns(h, plan, options.seeds) // refuses before anything is trained
  const { dataset, classes } = await withImages(given ?? sampleImagesFolder(), ({ dataset, index }) => ({
    dataset,
    classes: index.summary().classes.length,
  }))
  const name = options.name ?? dataset.name
  const id = await createExperiment({
    dataset,
    classes,
    name,
    plan,
    seeds: options.seeds,
    runsFolder: options.runs,
    planned,
  })
  const lock = await Lock.acquire(experimentPaths(id).lock)
  try {
    const { asks } = await readExperiment(id)
    for (const [n, { changes, seed, hyperparameters }] of planned.entries()) {
      const label = `${nameOfVariant(changes)}${options.seeds > 1 ? `, seed ${seed}` : ''}`
      say(`\n${n + 1} of ${planned.length}: ${label}`)
      const own = chosenSettings(allSettings, hyperparameters)
      const run = await train(dataset.folder, { ...options, ...own, name: `${name}: ${label}` })
      say(trainedWords(run))
      await noteRun(id, n, run.id)
      if (run.status !== 'finished') break // the person ended it
      for (const kind of asks) {
        const asked = { ...options, ...evaluationKinds[kind].schema.parse({}), name }
        say(evaluatedWords(await evaluateRun(kind, run.folder, asked)))
      }
    }
  } finally {
    await lock.release()
  }
  return describeExperiment(id)
}

const planOf = ({ ablation, vary, list }: SweepOptions): SweepPlan =>
  ablation
    ? { kind: 'ablation', ablation }
    : {
        kind: 'vary',
        combine: list ? 'list' : 'grid',
        axes: vary.map((text) => {
          const [setting = '', values = ''] = text.split('=')
          return axisOf(setting, values)
        }),
      }

/** The variants side by side, with the paper's figures where they were at hand. */
function sweptWords({ variants, plan, recipe }: Experiment): string {
  const paper = paperFigures(plan, variants)
  const figures = table(
    variants.map(({ changes, mean }, i) => ({
      variant: nameOfVariant(changes),
      ...columnsOf(mean),
      ...(paper && {
        'paper, fine-tuned': percentOf(paper[i]?.finetune),
        'paper, probe': percentOf(paper[i]?.probe),
      }),
    })),
  )
  return lines(
    figures,
    ...recipe.map(({ title, words }) => `${title}: ${words}.`),
    plan.kind === 'ablation' && scaleNote(plan),
    'Losses of variants with different targets cannot be compared.',
  )
}

/** A figure of the paper with the digits that it has there. */
const percentOf = (figure: number | null | undefined) => (figure ? `${figure}%` : '')

function columnsOf({ loss, validationLoss, ...shares }: ExperimentFigures): Record<string, string> {
  return {
    loss: number(loss),
    ...(validationLoss !== null && { validation: number(validationLoss) }),
    'kNN top-1': accuracy(shares.knn),
    'kNN mean per class': accuracy(shares.knnBalanced),
    'probe top-1': accuracy(shares.probe),
    'probe mean per class': accuracy(shares.probeBalanced),
  }
}
