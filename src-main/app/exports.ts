import path from 'node:path'
import type { Emit, Handlers, Run } from '#shared/contract'
import { exportBytes } from '#jobs/transfer/export/sizes'
import type { TransferFunctions, TransferListener } from '#jobs/transfer/process'
import type { Fork } from '#platform/processes'
import { readExports } from '#storage/run/exports-file'
import type { Datasets } from './datasets'
import { allowed, type Folders } from './folders'
import { RemoteProcess } from './remote-process'
import { startRun } from './runs/start'
import type { Settings } from './settings'

interface ExportsOptions {
  fork: Fork
  emit: Emit
  datasets: Datasets
  settings: Settings
  run: (id: string) => Promise<Run>
  /** Confines what the browser may write. */
  folders?: Folders
}

/** What is taken out of runs and what becomes a run, each by a process of its own. */
export class Exports {
  constructor(private readonly options: ExportsOptions) {}

  readonly calls: Pick<Handlers, 'exports.create' | 'exports.plan' | 'exports.list' | 'imports.create'> = {
    'exports.create': async ({ id, ...order }) => {
      const { folder } = await this.options.run(id)
      const process = this.open((text) => this.options.emit('exports.progress', { id, text }))
      try {
        return await process.ask((functions) => functions.export({ ...order, run: folder }))
      } finally {
        process.close()
      }
    },
    'exports.plan': async ({ id }) => {
      const { folder, hyperparameters } = await this.options.run(id)
      return { bytes: exportBytes(hyperparameters), folder: await this.usualFolder(folder) }
    },
    'exports.list': async ({ id }) => (await readExports((await this.options.run(id)).folder)).reverse(),
    'imports.create': async ({ dataset: id, file, name = nameOf(file), changes }) => {
      const dataset = await this.options.datasets.get(id)
      const settings = await this.options.settings.get()
      const process = this.open()
      try {
        const { hyperparameters, report } = await process.ask((functions) => functions.read(file, changes))
        const folder = await startRun({
          ...settings,
          runsFolder: await allowed(settings.runsFolder),
          name,
          dataset: { name: dataset.name, folder: dataset.folder },
          images: this.options.datasets.imagesOf(id),
          hyperparameters,
          fill: (folder, images) => process.ask((functions) => functions.save(folder, images)),
          status: 'stopped',
        })
        return { run: await this.options.run(path.basename(folder)), report }
      } finally {
        process.close()
      }
    },
  }

  /** Where exports of a run go, unless a person says another folder. */
  private async usualFolder(run: string): Promise<string | null> {
    const last = (await readExports(run)).at(-1)
    const { runsFolder } = await this.options.settings.get()
    const usual = last ? path.dirname(last.folder) : path.join(path.dirname(runsFolder), 'exports')
    return this.options.folders ? this.options.folders.allowed(usual).catch(() => null) : usual
  }

  private open = (progress: TransferListener['progress'] = () => undefined) =>
    new RemoteProcess<TransferFunctions, TransferListener>(
      () => this.options.fork('exporting', []),
      { progress },
      'reads and writes the files of other programs',
    )
}

/** A run is named after the file of its weights where nobody names it. */
export const nameOf = (file: string) => path.parse(file).name
