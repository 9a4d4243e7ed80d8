import path from 'node:path'
import { Command, Option } from 'commander'
import {
  type Exported,
  type ExportFormat,
  exportFormat,
  exportFormats,
  type ProofCheck,
} from '#shared/contract'
import { number } from '#shared/format'
import { exportWeights } from '#jobs/transfer/export/export'
import { findRun } from '#storage/run/find'
import { answers, lines, say } from '#cli/support/answer'
import { runArgument, runsOption, stepOption } from '#cli/support/options'

interface ExportOptions {
  format: ExportFormat
  step?: number
  evaluation?: string
  out: string
  licence?: string
  runs: string
}

export const exportCommand = answers(
  new Command('export')
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
    .addOption(runsOption()),
  exportRun,
  ({ images, checks, folder }) =>
    lines(`Compared on images of ${images}:`, ...checks.map(wordsOf), `Written: ${folder}`),
)

/** `saim export`: writes weights in a format, proves it and says how well it did. */
async function exportRun(run: string, { out, runs, ...order }: ExportOptions): Promise<Exported> {
  return exportWeights({ ...order, run: await findRun(run, runs), folder: path.resolve(out) }, (text) =>
    say(`${text} ...`),
  )
}

const wordsOf = ({ library, images, difference, reason }: ProofCheck): string =>
  difference === null
    ? `${library}: not compared, ${reason}`
    : `${library}: largest difference ${number(difference)} on ${images} images`
