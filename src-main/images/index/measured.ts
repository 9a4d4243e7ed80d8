import type { DatasetIndex, UsableImage } from './dataset-index'

/** Checkpoints whose losses and features are kept. */
const keptCheckpoints = 4

/** A checkpoint of a run. */
export interface Checkpoint {
  run: string
  step: number
}

/** What a checkpoint found of an image: its loss, and the row of the file of features that holds its own. */
export interface Measured {
  path: string
  loss: number
  row: number
}

/** The number of a checkpoint in the index; null where nothing was measured with it. */
export const numberOf = (index: DatasetIndex, { run, step }: Checkpoint): number | null =>
  index.rows<{ id: number }>('SELECT id FROM measured WHERE run = ? AND step = ?', run, step)[0]?.id ?? null

/**
 * Makes a checkpoint the newest of those that are kept; the oldest makes place. What was found before of images that did not
 * change stays.
 */
export function beginMeasuring(index: DatasetIndex, { run, step }: Checkpoint): void {
  const known = numberOf(index, { run, step }) ?? 0
  index.transaction(() => {
    index.run('DELETE FROM measured WHERE id = ?', known)
    index.run(
      'INSERT INTO measured (id, run, step) SELECT max(ifnull(max(id), 0), ?) + 1, ?, ? FROM measured',
      ...[known, run, step],
    )
    for (const table of ['losses', 'features'])
      index.run(`UPDATE ${table} SET checkpoint = (SELECT max(id) FROM measured) WHERE checkpoint = ?`, known)
    index.run(
      `DELETE FROM measured WHERE id NOT IN (SELECT id FROM measured ORDER BY id DESC LIMIT ${keptCheckpoints})`,
    )
    for (const table of ['losses', 'features'])
      index.run(`DELETE FROM ${table} WHERE checkpoint NOT IN (SELECT id FROM measured)`)
  })
}

/** The checkpoints that are kept. */
export const checkpointsOf = (index: DatasetIndex): Checkpoint[] =>
  index.rows<Checkpoint>('SELECT run, step FROM measured')

/** The images whose features are not known yet, some at a time. */
export const unmeasured = (index: DatasetIndex, checkpoint: Checkpoint): Generator<UsableImage[]> =>
  index.usable(
    `NOT EXISTS (SELECT 1 FROM features WHERE features.file = files.id AND checkpoint = ${numberOf(index, checkpoint) ?? -1})`,
  )

/** How many images have features, how many have none yet, and the rows that are taken: those below `end` that are not `free`. */
export function rowsOf(index: DatasetIndex, checkpoint: Checkpoint) {
  const number = numberOf(index, checkpoint) ?? -1
  const { images, end } = index.one<{ images: number; end: number }>(
    'SELECT count(*) AS images, ifnull(max(row) + 1, 0) AS end FROM features WHERE checkpoint = ?',
    number,
  )
  const { pending } = index.one<{ pending: number }>(
    `SELECT count(*) AS pending FROM files WHERE problem IS NULL AND NOT excluded
     AND NOT EXISTS (SELECT 1 FROM features WHERE features.file = files.id AND checkpoint = ?)`,
    number,
  )
  const free = () => {
    const taken = new Uint8Array(end)
    for (const row of index.column<number>('SELECT row FROM features WHERE checkpoint = ?', number))
      taken[row] = 1
    return Array.from(taken.keys()).filter((row) => !taken[row])
  }
  return { images, pending, end, free: images === end ? [] : free() }
}

/** Forgets the features of a checkpoint, where their file is not what was written. */
export const forgetFeatures = (index: DatasetIndex, checkpoint: Checkpoint) =>
  void index.run('DELETE FROM features WHERE checkpoint = ?', numberOf(index, checkpoint) ?? -1)

/** Keeps what a checkpoint found of some images; without effect for images that are gone. */
export function keepMeasured(index: DatasetIndex, checkpoint: Checkpoint, found: Measured[]): void {
  const number = numberOf(index, checkpoint)
  if (number === null) return
  index.transaction(() => {
    for (const [table, column] of [
      ['losses', 'loss'],
      ['features', 'row'],
    ])
      index.run(
        `INSERT OR REPLACE INTO ${table} (checkpoint, file, ${column})
         SELECT ?, files.id, new.value ->> '${column}' FROM json_each(?) AS new
         JOIN files ON files.path = new.value ->> 'path'`,
        number,
        JSON.stringify(found),
      )
  })
}

/** The rows of some images, and the images of some rows. */
export const rowsOfPaths = (index: DatasetIndex, checkpoint: Checkpoint, paths: string[]): number[] =>
  index.column<number>(
    'SELECT row FROM features JOIN files ON files.id = file WHERE checkpoint = ? AND path IN (SELECT value FROM json_each(?))',
    numberOf(index, checkpoint) ?? -1,
    JSON.stringify(paths),
  )
export const pathsOfRows = (index: DatasetIndex, checkpoint: Checkpoint, rows: number[]) =>
  new Map(
    index
      .rows<{ row: number; path: string }>(
        'SELECT row, path FROM features JOIN files ON files.id = file WHERE checkpoint = ? AND row IN (SELECT value FROM json_each(?))',
        numberOf(index, checkpoint) ?? -1,
        JSON.stringify(rows),
      )
      .map(({ row, path }) => [row, path]),
  )
