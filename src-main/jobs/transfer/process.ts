import { toErrorData } from '#shared/errors'
import { importWeights } from './import/import'
import { parentPort } from '#platform/processes'
import { exportWeights } from './export/export'
import type { ExportMessage, Order } from './messages'

/** The process that writes and reads the files of other programs: `exporting.js <order as JSON>`. */

const tell = (message: ExportMessage) => parentPort.post(message)
parentPort.onClose(() => process.exit(0))

const carryOut = (order: Order) =>
  order.type === 'export'
    ? exportWeights(order, (text) => tell({ type: 'progress', text }))
    : importWeights(order)

carryOut(JSON.parse(process.argv[2]!) as Order)
  .then((result) => tell({ type: 'done', result }))
  .catch((error) => tell({ type: 'failed', error: toErrorData(error) }))
