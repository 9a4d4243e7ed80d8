import { Command, Option } from 'commander'
import type { Cluster } from '#shared/contract'
import { millions, number } from '#shared/format'
import {
  allSettings,
  hyperparametersSchema,
  learningRate,
  type PresetName,
  presetNames,
  presets,
} from '#shared/settings/hyperparameters'
import { startRun } from '#app/runs/start'
import { weightCount } from '#model/objectives/index'
import { sampleImagesFolder } from '#platform/paths'
import { findRun } from '#storage/run/find'
import { readRun } from '#storage/run/run-folder'
import { answers, say } from '#cli/support/answer'
import { follow, trainApart, type Trained, trainedWords } from '#cli/support/follow'
import { contentsOf, contentsWords, withImages } from '#cli/support/images'
import { configOption } from '#cli/support/config'
import {
  decodersOption,
  detachOption,
  engineOption,
  runsOption,
  threadsOption,
  whole,
} from '#cli/support/options'
import { checkFolder } from '#storage/ready-folder'
import { settingOptions, settingsFrom } from '#cli/support/setting-options'

export interface TrainOptions {
  preset?: PresetName
  name?: string
  from?: string
  runs: string
  engine: string
  threads: number
  decoders: number
  cache?: number
  cluster?: Cluster
  detach?: boolean
}

export const trainCommand = answers(
  newRunOptions(new Command('train'))
    .description('pre-train on a folder of images')
    .argument('[folder]', 'the images; without it, the sample images that ship with the application'),
  train,
  trainedWords,
)

/** What a new run can be told. */
export function newRunOptions(command: Command): Command {
  command
    .addOption(
      new Option(
        '--preset <name>',
        presetNames.map((name) => `${name}: ${presets[name].description}`).join(' '),
      )
        .choices(presetNames)
        .default(undefined, 'nano, or with --from the settings of that run'),
    )
    .addOption(configOption(command))
    .option('--name <name>', 'name of the run')
    .option('--from <run[@step]>', 'begin with the weights of a checkpoint of another run')
    .addOption(runsOption())
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(decodersOption())
    .addOption(
      new Option(
        '--cache <MB>',
        'memory for decoded images; 0: none. Without it, a quarter of the free memory and, for large images, of the free disk',
      ).argParser(whole(0)),
    )
    .addOption(detachOption())
  for (const option of settingOptions(allSettings)) command.addOption(option)
  return command
}

/** `saim train`: scans the folder, makes a run, and trains it. */
export async function train(
  given: string | undefined,
  {
    name,
    runs,
    engine,
    threads,
    decoders,
    cache,
    cluster,
    detach,
    ...options
  }: TrainOptions & Record<string, unknown>,
): Promise<Trained> {
  const from = await checkpointNamed(options.from, runs)
  const like = from && (await readRun(from.folder))
  const base = like && !options.preset ? like.hyperparameters : presets[options.preset ?? 'nano'].values
  const h = settingsFrom(hyperparametersSchema, allSettings, options, base)
  await checkFolder(runs)
  const model = options.preset ?? (like ? `like ${like.name}` : 'nano')
  const folder = given ?? like?.dataset.folder ?? sampleImagesFolder()
  const run = await withImages(folder, ({ dataset, index, images }) => {
    say(contentsWords(contentsOf(dataset.folder, index)))
    return startRun({
      runsFolder: runs,
      name: name ?? `${dataset.name} ${model}`,
      dataset,
      images,
      hyperparameters: h,
      ...{ engine, threads, decoders, cache, cluster },
      from,
    })
  })
  const { dataset, origin } = await readRun(run)
  if (dataset.validation) say(`${dataset.validation} images are for validation.`)
  if (dataset.images < h.batchSize)
    say(`Fewer images than a batch of ${h.batchSize}: they are repeated to fill it.`)
  say(`Model ${model}: ${millions(weightCount(h))} parameters; learning rate ${number(learningRate(h))}`)
  if (origin) say(`Starts from the weights of ${origin.run} at step ${origin.step}`)
  return detach ? trainApart(run) : follow(run)
}

/** The checkpoint that `run` or `run@step` names. */
async function checkpointNamed(text: string | undefined, runs: string) {
  const [, run, step] = text?.match(/^(.*?)(?:@(\d+))?$/) ?? []
  if (run === undefined) return undefined
  return { folder: await findRun(run, runs), step: step === undefined ? undefined : Number(step) }
}
