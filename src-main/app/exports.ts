import path from 'node:path'
import type { Emit, Exported, Handlers, Run } from '#shared/contract'
import { AppError, fromErrorData } from '#shared/errors'
import type { ExportMessage, Order } from '#jobs/transfer/messages'
import type { Imported } from '#jobs/transfer/import/import'
import type { Fork } from '#platform/processes'
import type { Datasets } from './datasets'
import type { Settings } from './settings'

interface ExportsOptions {
  fork: Fork
  emit: Emit
  datasets: Datasets
  settings: Settings
  run: (id: string) => Promise<Run>
}

/** What is taken out of runs and what becomes a run, each by a process of its own. */
export class Exports {
  constructor(private readonly options: ExportsOptions) {}

  readonly calls: Pick<Handlers, 'exports.create' | 'imports.create'> = {
    'exports.create': async ({ id, ...order }) => {
      const { folder } = await this.options.run(id)
      return this.carryOut<Exported>({ type: 'export', ...order, run: folder }, (text) =>
        this.options.emit('exports.progress', { id, text }),
      )
    },
    'imports.create': async ({ dataset, ...order }) => {
      const { folder } = await this.options.datasets.get(dataset)
      const { runsFolder, engine } = await this.options.settings.get()
      const imported = await this.carryOut<Imported>({
        type: 'import',
        ...order,
        images: folder,
        runsFolder,
        engine,
      })
      return { run: await this.options.run(path.basename(imported.folder)), report: imported.report }
    },
  }

  private carryOut<Result extends Exported | Imported>(
    order: Order,
    say: (text: string) => void = () => undefined,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const child = this.options.fork('exporting', [JSON.stringify(order)])
      child.onMessage((data) => {
        const message = data as ExportMessage<Result>
        if (message.type === 'progress') return say(message.text)
        if (message.type === 'done') resolve(message.result)
        else reject(fromErrorData(message.error))
        child.kill()
      })
      child.onExit((_code, errors) =>
        reject(
          new AppError(
            'worker-died',
            `The exporting process ended early. ${errors}`,
            'Free some memory, then try again.',
          ),
        ),
      )
    })
  }
}
