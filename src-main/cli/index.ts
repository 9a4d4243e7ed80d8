import { Command, Option } from 'commander'
import { appVersion } from '#shared/version'
import { trainByCluster } from './cluster'
import { installEngine, listEngines, removeEngine } from './engines'
import { evaluateRun } from './evaluate'
import { predict } from './predict'
import { embed } from './embed'
import { attention, reconstruct } from './look'
import { exportRun } from './export'
import { importFile } from './import'
import { fail } from './support/report'
import { listRuns } from './runs'
import { serve } from './serve'
import { sweep } from './sweep'
import { resume, train } from './train'
import { verify } from './verify'
import { settingOptions } from './support/setting-options'
import { ablationNames, ablations } from '#shared/settings/ablations'
import { cluster, exportFormat, exportFormats } from '#shared/contract'
import { allSettings, isChangeable, presetNames, presets } from '#shared/settings/hyperparameters'
import {
  evaluationKindNames,
  evaluationKinds,
  fineTuneRecipeNames,
  fineTuneRecipes,
} from '#shared/settings/evaluation'
import { runsFolder, sampleImagesFolder } from '#platform/paths'

const program = new Command('saim')
  .description(
    'Pre-trains vision transformers on your images by SAIM, stochastic autoregressive image modeling.',
  )
  .version(appVersion)

const runs = () =>
  new Option('--runs <folder>', 'where runs are kept').default(runsFolder(), 'the folder of the application')
const threads = () =>
  new Option('--threads <n>', 'threads of the engine; 0 chooses').default(0).argParser(Number)
const decoders = () =>
  new Option('--decoders <n>', 'threads that decode images; 0 chooses').default(0).argParser(Number)

const cache = () =>
  new Option(
    '--cache <MB>',
    'memory for decoded images; 0: none. Without it a quarter of the free memory and, for large images, of the free disk',
  ).argParser(Number)

/** What a new run can be told. */
function newRunOptions(command: Command): Command {
  command
    .addOption(
      new Option(
        '--preset <name>',
        presetNames.map((name) => `${name}: ${presets[name].description}`).join(' '),
      )
        .choices(presetNames)
        .default(undefined, 'nano, or with --from the settings of that run'),
    )
    .option('--name <name>', 'name of the run')
    .option('--from <run[@step]>', 'begin with the weights of a checkpoint of another run')
    .addOption(runs())
    .option('--engine <id>', 'what computes', 'onnxruntime-cpu')
    .addOption(threads())
    .addOption(decoders())
    .addOption(cache())
  for (const option of settingOptions(allSettings)) command.addOption(option)
  return command
}

newRunOptions(program.command('train'))
  .description('pre-train on a folder of images')
  .argument('[folder]', 'the images; without it, the sample images that ship with the application')
  .action(async (folder: string | undefined, options) => void (await train(folder, options)))

newRunOptions(program.command('cluster'))
  .description('train by the workers of a Ray cluster or of torchrun, with the PyTorch of your Python')
  .argument('[folder or run]', 'the images of a new run, or the id, name or folder of a run to go on with')
  .addOption(
    new Option('--launcher <name>', 'who starts the workers')
      .choices(cluster.shape.launcher.options)
      .default('ray'),
  )
  .addOption(new Option('--workers <n>', 'at most so many').default(2).argParser(Number))
  .option('--address <address>', 'of the Ray cluster; without it, this machine')
  .action(trainByCluster)

const sweepCommand = program
  .command('sweep')
  .description('train a run for each of several settings and compare what they learned')
  .argument('[folder]', 'the images, in class folders; without it, the sample images')
  .addOption(
    new Option(
      '--ablation <name>',
      `what the paper's ablations ask: ${ablationNames.map((name) => `${name} (${ablations[name].title.toLowerCase()})`).join(', ')}`,
    ).choices(ablationNames),
  )
  .option('--vary <name=values...>', 'such as order=stochastic,raster blur-size=0,9: all combinations', [])
  .option('--list', 'the n-th values of all settings together, instead of all combinations')
  .addOption(
    new Option('--seeds <n>', 'runs of each variant, with seeds from that of --seed on')
      .default(1)
      .argParser(Number),
  )
  .addOption(
    new Option('--preset <name>', 'what the variants begin with').choices(presetNames).default('nano'),
  )
  .option('--name <name>', 'what the names of the runs begin with')
  .addOption(runs())
  .option('--engine <id>', 'what computes', 'onnxruntime-cpu')
  .addOption(threads())
  .addOption(decoders())
for (const option of settingOptions(allSettings)) sweepCommand.addOption(option)
sweepCommand.action(sweep)

const resumeCommand = program
  .command('resume')
  .description('go on with a run from its newest checkpoint, exactly or with some settings changed')
  .argument('<run>', 'a run: its id or the beginning of it, its name or its folder')
  .option('--engine <id>', 'go on with another engine')
  .addOption(runs())
  .option('--images <folder>', 'where its images lie now')
for (const option of settingOptions(allSettings.filter(isChangeable))) resumeCommand.addOption(option)
resumeCommand.action(resume)

program.command('runs').description('list the runs').addOption(runs()).action(listRuns)

for (const kind of evaluationKindNames) {
  const { title, description, settings } = evaluationKinds[kind]
  const command = program
    .command(kind)
    .description(`${title.toLowerCase()}: ${description}`)
    .argument('<run>', 'a run: its id or the beginning of it, its name or its folder')
    .option('--on <folder>', "images in class folders; without it, the run's own")
    .addOption(new Option('--step <n>', 'which checkpoint; without it, the newest').argParser(Number))
    .option('--scratch', 'random weights instead of a checkpoint')
    .addOption(runs())
    .option('--engine <id>', 'what computes', 'onnxruntime-cpu')
    .addOption(threads())
    .addOption(decoders())
  if (kind === 'finetune')
    command.addOption(
      new Option(
        '--recipe <name>',
        `what the settings begin with. ${fineTuneRecipeNames.map((name) => `${name}: ${fineTuneRecipes[name].description}`).join(' ')}`,
      )
        .choices(fineTuneRecipeNames)
        .default('small'),
    )
  for (const option of settingOptions(settings)) command.addOption(option)
  command.action(async (run: string, options) => void (await evaluateRun(kind, run, options)))
}

program
  .command('predict')
  .description('name the classes of images by a fine-tuned model, as CSV')
  .argument('<evaluation>', 'the folder that a fine-tuning is kept in')
  .argument('<folder>', 'the images')
  .option('--output <file>', 'where the table is written', 'predictions.csv')
  .option('--engine <id>', 'what computes', 'onnxruntime-cpu')
  .addOption(threads())
  .addOption(decoders())
  .action(predict)

program
  .command('export')
  .description('take a checkpoint or a fine-tuned model elsewhere, and prove that nothing was lost')
  .argument('<run>', 'a run: its id or the beginning of it, its name or its folder')
  .addOption(
    new Option(
      '--format <name>',
      exportFormat.options.map((name) => `${name}: ${exportFormats[name].purpose}`).join(' '),
    )
      .choices(exportFormat.options)
      .makeOptionMandatory(),
  )
  .addOption(new Option('--step <n>', 'the checkpoint; without it, the newest').argParser(Number))
  .option('--evaluation <name>', 'of a classifier, the fine-tuning; without it, the newest of the run')
  .option('--out <folder>', 'where the new folder goes', '.')
  .option('--licence <name>', 'licence of the weights, for the model card')
  .addOption(runs())
  .action(exportRun)

const importCommand = program
  .command('import')
  .description(
    "make a run of weights from elsewhere: the authors' .pth, MAE, timm, Hugging Face, safetensors",
  )
  .argument('<file>', 'a .pth or safetensors file')
  .addOption(
    new Option('--images <folder>', 'the images that the run looks at and trains on').default(
      sampleImagesFolder(),
      'the sample images',
    ),
  )
  .option('--name <name>', 'name of the run')
  .addOption(runs())
  .option('--engine <id>', 'what computes', 'onnxruntime-cpu')
for (const option of settingOptions(allSettings)) importCommand.addOption(option)
importCommand.action(importFile)

program
  .command('verify')
  .description('compare the model with folders of reference data, stage by stage')
  .argument('<folders...>')
  .option('--engine <id>', 'what computes', 'onnxruntime-cpu')
  .addOption(threads())
  .option('--all', 'print every comparison, not only the largest of a kind')
  .action(verify)

const look = (name: string) =>
  program
    .command(name)
    .argument('<run>', 'a run: its id or the beginning of it, its name or its folder')
    .addOption(runs())
    .addOption(new Option('--step <n>', 'the checkpoint; without it, the newest').argParser(Number))
    .addOption(threads())
const ordered = (command: Command) =>
  command
    .addOption(
      new Option('--order <name>', 'in which patches are predicted')
        .choices(['random', 'raster', 'centre-out'])
        .default('random'),
    )
    .addOption(new Option('--seed <n>', 'of the random order').default(0).argParser(Number))
    .option('--out <folder>', 'where the pictures go', '.')

ordered(look('reconstruct'))
  .description('show what a checkpoint predicts of images, as PNG files')
  .argument('[images...]', 'without them, the images that the run is shown with')
  .addOption(new Option('--animate <format>', 'also how the patches come about').choices(['gif', 'png']))
  .option('--free', 'animate from predictions fed back, not from the true patches')
  .addOption(
    new Option('--given <n>', "patches of the beginning that are the image's own")
      .default(0)
      .argParser(Number),
  )
  .action(reconstruct)

ordered(look('attention'))
  .description('show what a token of a checkpoint attends to, as a PNG file')
  .argument('<image>')
  .addOption(
    new Option('--view <name>', 'at full visibility, or of a stream under its mask')
      .choices(['full', 'content', 'query'])
      .default('full'),
  )
  .addOption(new Option('--layer <n>', 'the block, from 1; without it, the last').argParser(Number))
  .addOption(new Option('--head <n>', 'the head, from 1; without it, all and their mean').argParser(Number))
  .option('--patch <row,column>', 'whose attention, counted from 0; or class', 'class')
  .action(attention)

look('embed')
  .description('write the embeddings of a folder of images by a checkpoint')
  .argument('[folder]', 'the images; without it, those of the run')
  .addOption(
    new Option('--format <name>', 'of the files')
      .choices(['npy', 'csv', 'parquet', 'safetensors'])
      .default('npy'),
  )
  .option('--patch-tokens', 'also the tokens of all patches')
  .addOption(new Option('--limit <n>', 'at most so many images, evenly chosen').argParser(Number))
  .option('--out <folder>', 'a new folder for the files')
  .action(embed)

const engines = program
  .command('engines')
  .description('what can compute on this machine: each engine is tried on real training steps')
  .option('--again', 'also try what was tried before')
  .action(listEngines)
engines
  .command('install')
  .description('install an engine that needs a download')
  .argument('<engine>', 'tensorflow')
  .option('--gpu', 'with CUDA, for an NVIDIA GPU')
  .option('--yes', 'do not ask')
  .action(installEngine)
engines
  .command('remove')
  .description('remove it again')
  .argument('<engine>', 'tensorflow')
  .action(removeEngine)

program
  .command('serve')
  .description('the application in a browser; without a certificate it listens to this machine only')
  .option('--host <address>', 'the name or address to listen at; 0.0.0.0 is all of them', '127.0.0.1')
  .addOption(new Option('--port <n>', 'the port; 0 takes any').default(0).argParser(Number))
  .option('--cert <file>', 'certificate for https, in PEM form')
  .option('--key <file>', 'its private key')
  .option('--root <folder...>', 'folders that the browser may see; without it, your home folder')
  .option('--open', 'open the browser')
  .action(serve)

program.parseAsync().catch(fail)
