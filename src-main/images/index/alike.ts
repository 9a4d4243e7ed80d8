import type { DatasetReport } from '#shared/contract'
import type { DatasetIndex } from './dataset-index'

/** `file` looks to a checkpoint like `of`. */
export interface Alike {
  file: number
  of: number
  similarity: number
}

/** Keeps which images a checkpoint takes for nearly the same in place of what was known, and by what that was found. */
export function keepAlike(
  index: DatasetIndex,
  by: NonNullable<DatasetReport['compared']>,
  found: Alike[],
): void {
  index.transaction(() => {
    index.replace('alike', ['file', 'of', 'similarity'], found)
    index.keepFact('compared', by)
  })
}
