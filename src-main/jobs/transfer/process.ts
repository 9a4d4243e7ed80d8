import { createBirpc } from 'birpc'
import { AppError } from '#shared/errors'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { aside } from '#platform/background'
import { endWithParent, parentPort } from '#platform/processes'
import { answering } from '#platform/remote'
import { type ExportOrder, exportWeights } from './export/export'
import { importWeights, type Imported } from './import/import'

/** The process that writes and reads the files of other programs. */

let fitted: Awaited<ReturnType<typeof importWeights>> | null = null

const functions = answering({
  export: (order: ExportOrder) => exportWeights(order, (text) => aside(parent.progress(text))),
  /** Reads weights, and keeps them for `save`. */
  async read(file: string, changes: Partial<Hyperparameters>): Promise<Imported> {
    fitted = await importWeights(file, changes)
    return { hyperparameters: fitted.hyperparameters, report: fitted.report }
  },
  /** Writes what was read as the checkpoint of step 0 of a run's folder. */
  async save(folder: string, images: number): Promise<void> {
    if (!fitted) throw new AppError('weights-unreadable', 'No weights were read yet.')
    await fitted.save(folder, images)
  },
})
export type TransferFunctions = typeof functions

export interface TransferListener {
  progress(text: string): void
}

const parent = createBirpc<TransferListener, TransferFunctions>(functions, {
  post: (message) => parentPort.post(message),
  on: (listener) => parentPort.onMessage(listener),
  eventNames: ['progress'],
  timeout: -1,
})
endWithParent(5_000)
parentPort.onClose(() => process.exit(0))
