import { existsSync } from 'node:fs'
import path from 'node:path'
import { Command, Option } from 'commander'
import type { Score } from '#shared/contract'
import { AppError, fromErrorData } from '#shared/errors'
import { accuracy, percent } from '#shared/format'
import {
  type EvaluationKind,
  evaluationKindNames,
  evaluationKinds,
  type EvaluationPlan,
  type Recipe,
  recipeNames,
  recipeOf,
} from '#shared/settings/evaluation'
import { writeScan } from '#images/index/scanned'
import {
  createEvaluation,
  evaluationPaths,
  evaluationsFolder,
  readScore,
  resumeEvaluation,
} from '#storage/evaluation-folder'
import type { EvaluationMessage } from '#jobs/evaluate/process'
import { forkNode } from '#platform/processes'
import { chooseStep } from '#storage/run/checkpoint'
import { answers, lines, say, table, warn } from '#cli/support/answer'
import { openEngines } from '#cli/support/engines'
import { findRun } from '#storage/run/find'
import { readRun } from '#storage/run/run-folder'
import {
  decodersOption,
  engineOption,
  runArgument,
  runsOption,
  stepOption,
  threadsOption,
} from '#cli/support/options'
import { settingOptions, settingsFrom } from '#cli/support/setting-options'

interface EvaluateOptions {
  runs: string
  engine: string
  threads: number
  decoders: number
  /** Another folder of images than the run's. */
  on?: string
  step?: number
  /** Random weights instead of a checkpoint. */
  scratch?: boolean
  /** Of the probe and fine-tuning: what the settings begin with. */
  recipe?: Recipe
  /** Of fine-tuning: the id of one that ended early, to go on with. */
  resume?: string
}

/** The score of an evaluation, and where it is kept. */
export interface Evaluated extends Score {
  folder: string
  /** The file that names classes by it, where it left one. */
  classifier: string | null
}

/** A command for each kind: knn, probe, finetune, segment. */
export const evaluationCommands = evaluationKindNames.map((kind) => {
  const { title, description, settings } = evaluationKinds[kind]
  const command = answers(
    new Command(kind)
      .description(`${title.toLowerCase()}: ${description}`)
      .argument('<run>', runArgument)
      .option('--on <folder>', "images in class folders; without it, the run's own")
      .addOption(stepOption())
      .option('--scratch', 'random weights instead of a checkpoint')
      .addOption(runsOption())
      .addOption(engineOption())
      .addOption(threadsOption())
      .addOption(decodersOption()),
    (run: string, options: EvaluateOptions & Record<string, unknown>) => evaluateRun(kind, run, options),
    evaluatedWords,
  )
  if (kind === 'finetune')
    command.option('--resume <evaluation>', 'go on with a fine-tuning that ended early, by its id')
  if (recipeOf('small', kind))
    command.addOption(
      new Option(
        '--recipe <name>',
        `what the settings begin with. ${recipeNames.map((name) => `${name}: ${recipeOf(name, kind)!.description}`).join(' ')}`,
      )
        .choices(recipeNames)
        .default('small'),
    )
  for (const option of settingOptions(settings)) command.addOption(option)
  return command
})

/** `saim knn | probe | finetune`: asks what a run has learned, in a process of its own; answers its score. */
export async function evaluateRun(
  kind: EvaluationKind,
  named: string,
  options: EvaluateOptions & Record<string, unknown>,
): Promise<Evaluated> {
  const { schema, settings } = evaluationKinds[kind]
  const begun = (options.recipe && recipeOf(options.recipe, kind)?.values) ?? {}
  const plan = { kind, settings: settingsFrom(schema, settings, options, begun) } as EvaluationPlan
  const run = await findRun(named, options.runs)
  if (options.resume !== undefined) {
    const folder = path.join(evaluationsFolder(run), options.resume)
    await resumeEvaluation(folder)
    return follow(folder)
  }
  const { dataset, hyperparameters } = await readRun(run)
  const other = options.on === undefined ? null : path.resolve(options.on)
  const folder = await createEvaluation(
    run,
    {
      plan,
      step: options.scratch ? null : await chooseStep(run, options.step),
      dataset: other ? { name: path.basename(other), folder: other } : dataset,
      ...(await openEngines().evaluating(options.engine, hyperparameters.precision)),
      threads: options.threads,
      decoders: options.decoders,
    },
    other === null ? null : (file) => writeScan(other, file),
  )
  return follow(folder)
}

async function follow(folder: string): Promise<Evaluated> {
  const child = forkNode('evaluation', [folder])
  let ended: Extract<EvaluationMessage, { type: 'ended' }> | undefined
  let lastLine = 0
  child.onMessage((data) => {
    const message = data as EvaluationMessage
    if (message.type === 'ended') ended = message
    else if (message.type === 'notice') say(message.text)
    else if (Date.now() - lastLine > 5_000) {
      lastLine = Date.now()
      say(`${percent(message.progress)} | ${message.text}`)
    }
  })
  let asked = false
  const stop = () => {
    if (asked) child.kill()
    asked = true
    child.post({ type: 'stop' })
    setTimeout(() => child.kill(), 120_000).unref()
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  const errors = await new Promise<string>((resolve) => child.onExit((_code, text) => resolve(text)))
  process.off('SIGINT', stop).off('SIGTERM', stop)
  if (errors) warn(errors)
  if (!ended) throw new AppError('worker-died', 'The evaluation ended unexpectedly.', `See ${folder}.`)
  if (ended.error) throw fromErrorData(ended.error)
  const score = await readScore(folder)
  if (!score) throw new AppError('stopped', 'The evaluation was stopped before it had a score.')
  const { classifier } = evaluationPaths(folder)
  return { ...score, folder, classifier: existsSync(classifier) ? classifier : null }
}

export function evaluatedWords({ folder, classifier, ...score }: Evaluated): string {
  return lines(scoreWords(score), `Kept in ${folder}`, classifier && `Classifier: ${classifier}`)
}

function scoreWords({ images, top1, top5, balanced, meanIou, perClass, confusion }: Score): string {
  const classes = table(
    perClass.map(({ name, images: count, accuracy: share, iou }, c) => {
      const others = confusion[c]!.map((n, k) => (k === c ? 0 : n))
      const worst = Math.max(...others)
      return {
        class: name,
        [meanIou === undefined ? 'images' : 'pixels']: count,
        accuracy: share === null ? '' : accuracy(share),
        ...(iou !== undefined && { IoU: iou === null ? '' : accuracy(iou) }),
        'most often taken for': worst ? `${perClass[others.indexOf(worst)]!.name} (${worst})` : '',
      }
    }),
  )
  const first =
    meanIou === undefined
      ? `top-1 ${accuracy(top1)}, top-5 ${accuracy(top5 ?? 0)}`
      : `mean IoU ${accuracy(meanIou)}, pixels ${accuracy(top1)}`
  return lines(classes, `${images} validation images: ${first}, mean per class ${accuracy(balanced)}`)
}
