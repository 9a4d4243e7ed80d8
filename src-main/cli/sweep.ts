import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import {
  type AblationName,
  axisOf,
  nameOfVariant,
  noPaperFigures,
  paperFigures,
  plannedRuns,
  scaleNote,
  type SweepPlan,
} from '#shared/settings/ablations'
import type { Experiment, ExperimentFigures } from '#shared/contract'
import { evaluationKinds } from '#shared/settings/evaluation'
import { allSettings, hyperparametersSchema, presets } from '#shared/settings/hyperparameters'
import { DatasetIndex } from '#images/index/dataset-index'
import { createExperiment, experimentPaths, noteRun, readExperiment } from '#storage/experiment-file'
import { describeExperiment } from '#app/experiments/results'
import { indexFile, sampleImagesFolder } from '#platform/paths'
import { Lock } from '#storage/lock'
import { readRun } from '#storage/run/run-folder'
import { evaluateRun } from './evaluate'
import { accuracyText } from './support/report'
import { chosenSettings, settingsFrom } from './support/setting-options'
import { train, type TrainOptions } from './train'

type SweepOptions = Omit<TrainOptions, 'from'> & {
  ablation?: AblationName
  vary: string[]
  list?: boolean
  seeds: number
} & Record<string, unknown>

/**
 * `saim sweep`: trains a run for each variant and seed, one after the other, asks each what it learned, and prints the
 * variants side by side. The experiment that the application shows is the same record.
 */
export async function sweep(given: string | undefined, options: SweepOptions): Promise<void> {
  const base = presets[options.preset ?? 'nano'].values
  const h = settingsFrom(hyperparametersSchema, allSettings, options, base)
  const plan = planOf(options)
  const planned = plannedRuns(h, plan, options.seeds) // refuses before anything is trained
  const dataset = await datasetOf(given)
  const name = options.name ?? dataset.name
  const id = await createExperiment({
    ...dataset,
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
      console.log(`\n${n + 1} of ${planned.length}: ${label}`)
      const own = chosenSettings(allSettings, hyperparameters)
      const run = await train(dataset.dataset.folder, { ...options, ...own, name: `${name}: ${label}` })
      await noteRun(id, n, path.basename(run))
      if ((await readRun(run)).status !== 'finished') break // the person ended it
      for (const kind of asks)
        await evaluateRun(kind, run, { ...options, ...evaluationKinds[kind].schema.parse({}), name })
    }
  } finally {
    await lock.release()
  }
  print(await describeExperiment(id))
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

/** The folder of images and how many classes it has. */
async function datasetOf(given: string | undefined) {
  const chosen = path.resolve(given ?? sampleImagesFolder())
  const folder = existsSync(chosen) ? realpathSync(chosen) : chosen
  const index = new DatasetIndex(folder, indexFile(folder))
  await index.scan()
  const { classes } = index.summary()
  index.close()
  const name = path.basename(folder)
  return { name, dataset: { name, folder }, classes: classes.length }
}

/** The variants side by side, with the paper's figures where they were at hand. */
function print({ variants, plan }: Experiment): void {
  const paper = paperFigures(plan)
  console.table(
    variants.map(({ name, mean }, i) => ({
      variant: name,
      ...columnsOf(mean),
      ...(paper && {
        'paper, fine-tuned': `${paper[i]!.finetune} %`,
        'paper, probe': `${paper[i]!.probe} %`,
      }),
    })),
  )
  if (plan.kind === 'ablation') console.log(paper ? scaleNote : noPaperFigures)
  console.log('Losses of variants with other targets can not be compared with each other.')
}

function columnsOf({ loss, validationLoss, ...shares }: ExperimentFigures): Record<string, string> {
  const number = (value: number | null) => (value === null ? '–' : value.toFixed(4))
  const share = (value: number | null) => (value === null ? '–' : accuracyText(value))
  return {
    loss: number(loss),
    ...(validationLoss !== null && { 'held out': number(validationLoss) }),
    'kNN top-1': share(shares.knn),
    'kNN mean of classes': share(shares.knnBalanced),
    'probe top-1': share(shares.probe),
    'probe mean of classes': share(shares.probeBalanced),
  }
}
