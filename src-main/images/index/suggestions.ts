import type { Split } from '#shared/contract'
import type { DatasetIndex } from './dataset-index'
import { type Checkpoint, numberOf } from './measured'

/** The measured images that may be used, in columns: their row of features, number, class and split, null where they have none. */
export function labelledRows(index: DatasetIndex, checkpoint: Checkpoint) {
  const column = <T>(name: string) =>
    index.column<T>(
      `SELECT ${name} FROM features JOIN files ON files.id = file WHERE checkpoint = ? AND problem IS NULL AND NOT excluded ORDER BY row`,
      numberOf(index, checkpoint) ?? -1,
    )
  return {
    rows: column<number>('row'),
    files: column<number>('id'),
    classes: column<string | null>('class'),
    splits: column<Split | null>('split'),
  }
}

/** Keeps what a classifier says of images in place of what one said before. */
export const keepSuggestions = (
  index: DatasetIndex,
  suggestions: { file: number; class: string; confidence: number }[],
): void => index.transaction(() => index.replace('suggestions', ['file', 'class', 'confidence'], suggestions))
