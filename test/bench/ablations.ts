/**
 * `npm run bench -- ablations <home> <emoji>`: the rows of the paper's Tables 3 and 4 at the scale of minutes, on the emoji of the
 * npm package emoji-datasource-google (unpacked in <emoji>). Each row is pre-trained and asked by nearest neighbours, a linear probe
 * and fine-tuning, with one thread at the lowest priority. <home> is a data folder of the application (SAIM_HOME), whose page
 * Experiments shows the tables; a second call goes on there, and a file <home>/stop ends it after the piece at hand.
 * `ablations <home>` alone prints what there is. docs/experiments.md says how it came out.
 */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setPriority } from 'node:os'
import path from 'node:path'
import { describeExperiment } from '#app/experiments/results'
import { startRun } from '#app/runs/start'
import { withImages } from '#cli/support/images'
import { setEnvironment } from '#platform/environment'
import { runsFolder } from '#platform/paths'
import { forkNode, type ProcessName } from '#platform/processes'
import {
  type AblationName,
  nameOfVariant,
  paperFigures,
  type PlannedRun,
  plannedRuns,
  type SweepPlan,
} from '#shared/settings/ablations'
import { evaluationKinds, type EvaluationPlan } from '#shared/settings/evaluation'
import { fromPreset, type Hyperparameters } from '#shared/settings/hyperparameters'
import {
  createEvaluation,
  evaluationsFolder,
  listEvaluations,
  resumeEvaluation,
} from '#storage/evaluation-folder'
import { createExperiment, experimentIds, noteRun, readExperiment } from '#storage/experiment-file'
import { newestStep } from '#storage/run/checkpoint'
import { readRun } from '#storage/run/run-folder'
import { imagesOf } from './promise-images'

const [given = '.', emoji] = process.argv.slice(2)
const home = path.resolve(given)
setEnvironment({ SAIM_HOME: home })

const small = fromPreset('nano', {
  imageSize: 32, width: 96, heads: 4, batchSize: 32, epochs: 8, baseLearningRate: 12e-3,
  checkpointEvery: 4, keepEvery: 0, keepBest: 0, healthEvery: 0,
}) // prettier-ignore

/**
 * The ablations of Tables 3 and 4, those first whose differences the paper makes most of, and the dearest last. `random`: random
 * weights are asked too, those that the first row begins with, which are the same for all rows of one size.
 */
const tables: Partial<Record<AblationName, { h: Hyperparameters; random: boolean }>> = {
  order: { h: small, random: true },
  pixels: { h: small, random: false },
  blur: { h: small, random: false },
  'shared-weights': { h: small, random: false },
  head: { h: small, random: false },
  'decoder-depth': { h: small, random: false },
  // A token for each pixel is affordable only of images that are as small.
  tokenization: { h: { ...small, imageSize: 16, patchSize: 4, epochs: 3 }, random: true },
}

/** Asked in this order. Fine-tuning is short; all else is the application's recipe. */
const asks = [
  { kind: 'knn', settings: evaluationKinds.knn.schema.parse({}) },
  { kind: 'probe', settings: evaluationKinds.probe.schema.parse({}) },
  { kind: 'finetune', settings: evaluationKinds.finetune.schema.parse({ epochs: 4, warmupEpochs: 1 }) },
] satisfies EvaluationPlan[]
const how = { engine: 'onnxruntime-cpu', threads: 1, decoders: 1 }
const isStopped = () => existsSync(path.join(home, 'stop'))

/** Carries out a job in a process of its own, as the application does. */
const carryOut = (name: ProcessName, folder: string) =>
  new Promise<void>((resolve) => forkNode(name, [folder]).onExit(() => resolve()))

/** The run with these settings that was begun in an earlier call or for another table. */
async function runLike(wanted: Hyperparameters): Promise<string | null> {
  for (const name of await readdir(runsFolder()).catch(() => [])) {
    const folder = path.join(runsFolder(), name)
    const found = await readRun(folder).catch(() => null)
    if (found && JSON.stringify(found.hyperparameters) === JSON.stringify(wanted)) return folder
  }
  return null
}

/** The folder of a run with these settings, trained to its end. */
async function trained(images: string, { changes, hyperparameters }: PlannedRun): Promise<string> {
  const run =
    (await runLike(hyperparameters)) ??
    (await withImages(images, ({ dataset, images }) =>
      startRun({
        runsFolder: runsFolder(),
        name: nameOfVariant(changes),
        dataset,
        images,
        hyperparameters,
        ...how,
      }),
    ))
  if ((await readRun(run)).status !== 'finished') await carryOut('training', run)
  const { status, error } = await readRun(run)
  if (status !== 'finished') throw new Error(`${run}: ${status} ${error?.message ?? ''}`)
  return run
}

/** Asks a run, or the random weights that it began with, what they know, unless it was asked before. */
async function ask(run: string, plan: EvaluationPlan, step: number | null): Promise<void> {
  const known = (await listEvaluations(run)).filter((each) => each.kind === plan.kind && each.step === step)
  if (known.some(({ status }) => status === 'finished')) return
  const begun = known.find(({ resumable }) => resumable)
  const folder = begun && path.join(evaluationsFolder(run), begun.id)
  if (folder) await resumeEvaluation(folder)
  const { dataset } = await readRun(run)
  const chosen = { plan, step, dataset, precision: 'float32', ...how } as const
  await carryOut('evaluation', folder ?? (await createEvaluation(run, chosen, null)))
}

/** The record of an ablation, of an earlier call where there is one. */
async function experimentOf(
  images: string,
  plan: SweepPlan,
  planned: PlannedRun[],
  baseline: boolean,
): Promise<string> {
  for (const id of await experimentIds())
    if (JSON.stringify((await readExperiment(id)).plan) === JSON.stringify(plan)) return id
  const scores = asks.map(({ kind }) => kind)
  return createExperiment({
    ...{ name: 'Emoji', dataset: { name: 'Emoji', folder: images }, classes: (await readdir(images)).length },
    ...{ plan, seeds: 1, planned, scores, baseline, runsFolder: runsFolder() },
  })
}

async function work(source: string): Promise<void> {
  setPriority(19)
  const images = await imagesOf('emoji', source, home)
  for (const [ablation, { h, random }] of Object.entries(tables)) {
    const plan = { kind: 'ablation', ablation: ablation as AblationName } as const
    const planned = plannedRuns(h, plan, 1)
    const id = await experimentOf(images, plan, planned, random)
    for (const [n, one] of planned.entries()) {
      if (isStopped()) return
      const run = await trained(images, one)
      await noteRun(id, n, path.basename(run))
      const newest = (await newestStep(run))!
      for (const step of random && n === 0 ? [null, newest] : [newest])
        for (const each of asks) if (!isStopped()) await ask(run, each, step)
    }
    await print(id)
  }
}

const percent = (share: number | null) => (share === null ? '' : (100 * share).toFixed(1))

/** A table of an experiment: balanced accuracy before top-1, and the paper's fine-tuned top-1. */
async function print(id: string): Promise<void> {
  const { plan, variants, baseline, testImages } = await describeExperiment(id)
  const paper = paperFigures(plan, variants)
  console.log(`\n${plan.kind === 'ablation' ? plan.ablation : id}, ${testImages} held-out images`)
  console.log('| | kNN | Probe | Fine-tuned | Paper, fine-tuned |\n| --- | --- | --- | --- | --- |')
  for (const [i, { name, mean: m }] of [...variants, ...(baseline ? [baseline] : [])].entries()) {
    const pairs = [
      [m.knnBalanced, m.knn],
      [m.probeBalanced, m.probe],
      [m.finetuneBalanced, m.finetune],
    ] as const
    const cells = pairs.map(([balanced, top1]) => `${percent(balanced)} / ${percent(top1)}`)
    console.log(`| ${name} | ${cells.join(' | ')} | ${paper?.[i]?.finetune ?? ''} |`)
  }
}

async function main(): Promise<void> {
  if (emoji) return work(emoji)
  for (const id of await experimentIds()) await print(id)
}

void main()
