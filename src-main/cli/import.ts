import path from 'node:path'
import { importWeights } from '#jobs/transfer/import/import'
import { allSettings } from '#shared/settings/hyperparameters'
import { chosenSettings } from './support/setting-options'

interface ImportOptions {
  images: string
  name?: string
  runs: string
  engine: string
}

/** `saim import`: makes a run of a file of weights and says what became of each of them. */
export async function importFile(
  file: string,
  options: ImportOptions & Record<string, unknown>,
): Promise<void> {
  const { folder, report } = await importWeights({
    file: path.resolve(file),
    images: path.resolve(options.images),
    runsFolder: options.runs,
    name: options.name,
    engine: options.engine,
    changes: chosenSettings(allSettings, options),
  })
  console.log(`Weights under the names of ${report.layout}: ${report.used} used.`)
  console.log(`Model: ${report.model}`)
  list('Not in the file, begun as in a new run', report.missing)
  list('In the file, of no use here', report.unexpected)
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
