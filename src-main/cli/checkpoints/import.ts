import path from 'node:path'
import { Command, Option } from 'commander'
import { allSettings } from '#shared/settings/hyperparameters'
import { nameOf } from '#app/exports'
import { startRun } from '#app/runs/start'
import { importWeights } from '#jobs/transfer/import/import'
import { sampleImagesFolder } from '#platform/paths'
import { answers, lines } from '#cli/support/answer'
import { withImages } from '#cli/support/images'
import { engineOption, runsOption } from '#cli/support/options'
import { runAt } from '#cli/support/runs'
import { chosenSettings, settingOptions } from '#cli/support/setting-options'

interface ImportOptions {
  images: string
  name?: string
  runs: string
  engine: string
}

export const importCommand = answers(
  new Command('import')
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
    .addOption(runsOption())
    .addOption(engineOption()),
  importFile,
  ({ run, report }) =>
    lines(
      `Weights under the names of ${report.layout}: ${report.used} used.`,
      `Model: ${report.model}`,
      listed('Not in the file, begun as in a new run', report.missing),
      listed('In the file, not used here', report.unexpected),
      `Positions: ${report.positions}`,
      `Run folder: ${run.folder}`,
      `Train it on with: saim resume ${run.id}`,
    ),
)
for (const option of settingOptions(allSettings)) importCommand.addOption(option)

/** `saim import`: makes a run of a file of weights and says what became of each of them. */
async function importFile(file: string, options: ImportOptions & Record<string, unknown>) {
  const { runs, engine, name = nameOf(file) } = options
  const { hyperparameters, report, save } = await importWeights(
    path.resolve(file),
    chosenSettings(allSettings, options),
  )
  const folder = await withImages(options.images, ({ dataset, images }) =>
    startRun({
      runsFolder: runs,
      name,
      dataset,
      images,
      hyperparameters,
      ...{ engine, threads: 0, decoders: 0 },
      fill: save,
      status: 'stopped',
    }),
  )
  return { run: await runAt(folder), report }
}

function listed(title: string, names: string[]): string | false {
  const more = names.length > 12 && `  and ${names.length - 12} more`
  return (
    names.length > 0 &&
    lines(`${title}: ${names.length}`, ...names.slice(0, 12).map((name) => `  ${name}`), more)
  )
}
