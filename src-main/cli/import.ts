import path from 'node:path'
import { Command, Option } from 'commander'
import { allSettings } from '#shared/settings/hyperparameters'
import { nameOf } from '#app/exports'
import { startRun } from '#app/runs/start'
import { importWeights } from '#jobs/transfer/import/import'
import { sampleImagesFolder } from '#platform/paths'
import { withImages } from './support/images'
import { engineOption, runsOption } from './support/options'
import { chosenSettings, settingOptions } from './support/setting-options'

interface ImportOptions {
  images: string
  name?: string
  runs: string
  engine: string
}

export const importCommand = new Command('import')
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
  .addOption(engineOption())
  .action(importFile)
for (const option of settingOptions(allSettings)) importCommand.addOption(option)

/** `saim import`: makes a run of a file of weights and says what became of each of them. */
async function importFile(file: string, options: ImportOptions & Record<string, unknown>): Promise<void> {
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
  console.log(`Weights under the names of ${report.layout}: ${report.used} used.`)
  console.log(`Model: ${report.model}`)
  list('Not in the file, begun as in a new run', report.missing)
  list('In the file, not used here', report.unexpected)
  console.log(`Positions: ${report.positions}`)
  console.log(`Run folder: ${folder}`)
  console.log(`Train it on with: saim resume ${path.basename(folder)}`)
}

function list(title: string, names: string[]): void {
  if (names.length === 0) return
  console.log(`${title}: ${names.length}`)
  for (const name of names.slice(0, 12)) console.log(`  ${name}`)
  if (names.length > 12) console.log(`  and ${names.length - 12} more`)
}
