import type { AppErrorData } from '../../src-shared/errors'
import type { ImportOrder, Imported } from '../importing/import'
import type { Exported } from '../../src-shared/contract'
import type { ExportOrder } from './export'

/** What the exporting process is started for. */
export type Order = ({ type: 'export' } & ExportOrder) | ({ type: 'import' } & ImportOrder)

/** What it tells its parent. */
export type ExportMessage<Result = Exported | Imported> =
  | { type: 'progress'; text: string }
  | { type: 'done'; result: Result }
  | { type: 'failed'; error: AppErrorData }
