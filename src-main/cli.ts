import { Command, Option } from 'commander'
import { appVersion } from '../src-shared/version'
import { installEngine, listEngines, removeEngine } from './cli/engines'
import { evaluateRun } from './cli/evaluate'
import { predict } from './cli/predict'
import { fail } from './cli/report'
import { listRuns } from './cli/runs'
import { serve } from './cli/serve'
import { sweep } from './cli/sweep'
import { resume, train } from './cli/train'
import { verify } from './cli/verify'
import { settingOptions } from './cli/setting-options'
import { ablationNames, ablations } from '../src-shared/ablations'
import { allSettings, isChangeable, presetNames, presets } from '../src-shared/hyperparameters'
import { evaluationKindNames, evaluationKinds } from '../src-shared/evaluation-settings'
import { runsFolder } from './paths'

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
    'memory for decoded images; 0: none. Without it, a quarter of the free memory',
  ).argParser(Number)

const trainCommand = program
  .command('train')
  .description('pre-train on a folder of images')
  .argument('[folder]', 'the images; without it, the sample images that ship with the application')
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
for (const option of settingOptions(allSettings)) trainCommand.addOption(option)
trainCommand.action(async (folder: string | undefined, options) => void (await train(folder, options)))

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
  .argument('<run>', 'the id of a run or its folder')
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
    .argument('<run>', 'the id of a run or its folder')
    .option('--on <folder>', "images in class folders; without it, the run's own")
    .addOption(new Option('--step <n>', 'which checkpoint; without it, the newest').argParser(Number))
    .option('--scratch', 'random weights instead of a checkpoint')
    .addOption(runs())
    .option('--engine <id>', 'what computes', 'onnxruntime-cpu')
    .addOption(threads())
    .addOption(decoders())
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
  .command('verify')
  .description('compare the model with folders of reference data, stage by stage')
  .argument('<folders...>')
  .option('--engine <id>', 'what computes', 'onnxruntime-cpu')
  .addOption(threads())
  .option('--all', 'print every comparison, not only the largest of a kind')
  .action(verify)

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
  .description('the application in a browser, on this machine only')
  .addOption(new Option('--port <n>', 'the port; 0 takes any').default(0).argParser(Number))
  .option('--root <folder...>', 'folders that the browser may see; without it, your home folder')
  .option('--open', 'open the browser')
  .action(serve)

program.parseAsync().catch(fail)
