import path from 'node:path'
import { Command, Option } from 'commander'
import { type ExportFormat, exportFormat, exportFormats } from '#shared/contract'
import { number } from '#shared/format'
import { exportWeights } from '#jobs/transfer/export/export'
import { findRun } from '#storage/run/find'
import { runArgument, runsOption, stepOption } from './support/options'

interface ExportOptions {
  format: ExportFormat
  step?: number
  evaluation?: string
  out: string
  licence?: string
  runs: string
}

export const exportCommand = new Command('export')
  .description('take a checkpoint or a classifier elsewhere, and prove that nothing was lost')
  .argument('<run>', runArgument)
  .addOption(
    new Option(
      '--format <name>',
      exportFormat.options.map((name) => `${name}: ${exportFormats[name].purpose}`).join(' '),
    )
      .choices(exportFormat.options)
      .makeOptionMandatory(),
  )
  .addOption(stepOption())
  .option(
    '--evaluation <name>',
    'of a classifier, its evaluation or its name; without it, the newest of the run',
  )
  .option('--out <folder>', 'where the new folder goes', '.')
  .option('--licence <name>', 'licence of the weights, for the model card')
  .addOption(runsOption())
  .action(exportRun)

/** `saim export`: writes weights in a format, proves it and says how well it did. */
async function exportRun(run: string, { out, runs, ...order }: ExportOptions): Promise<void> {
  const result = await exportWeights(
    { ...order, run: await findRun(run, runs), folder: path.resolve(out) },
    (text) => console.log(`${text} ...`),
  )
  console.log(`Compared on images of ${result.images}:`)
  for (const { library, images, difference, reason } of result.checks)
    console.log(
      difference === null
        ? `${library}: not compared, ${reason}`
        : `${library}: largest difference ${number(difference)} on ${images} images`,
    )
  console.log(`Written: ${result.folder}`)
}
