import type { AppErrorData } from '#shared/errors'
import type { ImportOrder, Imported } from './import/import'
import type { Exported } from '#shared/contract'
import type { ExportOrder } from './export/export'

/** What the exporting process is started for. */
export type Order = ({ type: 'export' } & ExportOrder) | ({ type: 'import' } & ImportOrder)

/** What it tells its parent. */
export type ExportMessage<Result = Exported | Imported> =
  | { type: 'progress'; text: string }
  | { type: 'done'; result: Result }
  | { type: 'failed'; error: AppErrorData }
