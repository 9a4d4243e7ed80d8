import type { DatasetIndex } from './dataset-index'

/** Checkpoints whose losses are kept. */
const keptCheckpoints = 4

/** Begins to keep the losses of a checkpoint anew; those of the oldest make place. */
export function beginLosses(index: DatasetIndex, run: string, step: number): void {
  index.run(
    'DELETE FROM losses WHERE checkpoint IN (SELECT id FROM measured WHERE run = ? AND step = ?)',
    run,
    step,
  )
  index.run('DELETE FROM measured WHERE run = ? AND step = ?', run, step)
  index.run('INSERT INTO measured (run, step) VALUES (?, ?)', run, step)
  index.run(
    `DELETE FROM measured WHERE id NOT IN (SELECT id FROM measured ORDER BY id DESC LIMIT ${keptCheckpoints})`,
  )
  index.run('DELETE FROM losses WHERE checkpoint NOT IN (SELECT id FROM measured)')
}

/** Keeps some losses of a checkpoint; without effect for images that are gone. */
export function keepLosses(
  index: DatasetIndex,
  run: string,
  step: number,
  losses: { path: string; loss: number }[],
): void {
  index.run(
    `INSERT OR REPLACE INTO losses (checkpoint, file, loss)
     SELECT measured.id, files.id, new.value ->> 'loss' FROM json_each(?) AS new
     JOIN files ON files.path = new.value ->> 'path' JOIN measured ON run = ? AND step = ?`,
    JSON.stringify(losses),
    run,
    step,
  )
}
