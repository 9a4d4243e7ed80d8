import path from 'node:path'
import { exportMade, type ExportMade } from '#shared/contract'
import { appendLine, readValues } from '#storage/json-lines'

/** What was exported of a run, a line each; whether the files still lie there nobody knows. */
const exportsFile = (folder: string) => path.join(folder, 'exports.jsonl')

export const appendExport = (folder: string, made: ExportMade) => appendLine(exportsFile(folder), made)

/** Oldest first. */
export const readExports = (folder: string): Promise<ExportMade[]> =>
  readValues(exportsFile(folder), exportMade)
