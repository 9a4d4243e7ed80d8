import type { LabelChange } from '#shared/contract'
import { AppError } from '#shared/errors'
import { counted } from '#shared/words'
import { csvTable, readCsv } from '#shared/csv'
import type { DatasetIndex } from './dataset-index'

/** What a person did, newest last, so that it can be taken back. */
const keptActs = 100

/**
 * Changes what a person says of images: class, tag, whether they are left out. Nothing or all of it is done, and it is on disk
 * when this returns. Can be taken back by `undo`.
 */
export function act(index: DatasetIndex, images: number[], change: LabelChange): void {
  const ids = JSON.stringify(images)
  index.transaction(() => {
    remember(index, wordsOf(change, images.length), idsOf, images)
    if (change.class !== undefined)
      index.run(
        `INSERT INTO labels (path, class) SELECT path, ? FROM files WHERE ${idsOf}
         ON CONFLICT (path) DO UPDATE SET class = excluded.class`,
        change.class,
        ids,
      )
    if (change.accept)
      index.run(
        `INSERT INTO labels (path, class)
         SELECT path, suggestions.class FROM files JOIN suggestions ON file = files.id WHERE ${idsOf}
         ON CONFLICT (path) DO UPDATE SET class = excluded.class`,
        ids,
      )
    if (change.tag) {
      index.run(`INSERT OR IGNORE INTO labels (path) SELECT path FROM files WHERE ${idsOf}`, ids)
      const others = 'SELECT value FROM json_each(tags) WHERE value <> ?'
      index.run(
        `UPDATE labels SET tags = (SELECT json_group_array(value) FROM (${others} ${change.tag.on ? 'UNION ALL SELECT ?' : ''} ORDER BY 1))
         WHERE path IN (SELECT path FROM files WHERE ${idsOf})`,
        ...(change.tag.on ? [change.tag.name, change.tag.name] : [change.tag.name]),
        ids,
      )
    }
    if (change.excluded !== undefined)
      index.run(`UPDATE files SET excluded = ? WHERE ${idsOf}`, Number(change.excluded), ids)
    settle(index)
  })
}

const idsOf = 'id IN (SELECT value FROM json_each(?))'
const pathsOf = "files.path IN (SELECT value ->> 'path' FROM json_each(?))"

/** Writes down what is said of images before it changes: of those of the condition, given these values. */
function remember(index: DatasetIndex, what: string, condition: string, values: unknown[]): void {
  index.run(
    `INSERT INTO acts (what, before)
     SELECT ?, json_group_array(json_object('path', files.path, 'class', labels.class, 'tags', ifnull(tags, '[]'), 'excluded', excluded))
     FROM files LEFT JOIN labels ON labels.path = files.path WHERE ${condition}`,
    what,
    JSON.stringify(values),
  )
  index.run(`DELETE FROM acts WHERE id <= (SELECT max(id) FROM acts) - ${keptActs}`)
}

/** Takes the newest act back. Without effect where there is none. */
export function undo(index: DatasetIndex): void {
  const before = '(SELECT before FROM acts WHERE id = (SELECT max(id) FROM acts))'
  index.transaction(() => {
    index.run(
      `INSERT OR REPLACE INTO labels (path, class, tags)
       SELECT value ->> 'path', value ->> 'class', value ->> 'tags' FROM json_each(${before})`,
    )
    index.run(
      `UPDATE files SET excluded = known.value ->> 'excluded' FROM json_each(${before}) AS known
       WHERE files.path = known.value ->> 'path'`,
    )
    index.run('DELETE FROM acts WHERE id = (SELECT max(id) FROM acts)')
    settle(index)
  })
}

/** Gives each image the class that a person gave it, or else that of its folder, and numbers the images anew. */
function settle(index: DatasetIndex): void {
  index.run("DELETE FROM labels WHERE class IS NULL AND tags = '[]'")
  if (index.giveClasses()) index.group()
}

/** What `change` does, to be read behind “Undo:”. */
function wordsOf(change: LabelChange, images: number): string {
  const these = counted(images, 'images')
  if (change.accept) return `accepted ${counted(images, 'suggestions')}`
  if (change.class === null) return `took the class of ${these} away`
  if (change.class !== undefined) return `labelled ${these} ${change.class}`
  if (change.tag) return `${change.tag.on ? 'tagged' : 'untagged'} ${these} ${change.tag.name}`
  return `${change.excluded ? 'excluded' : 'included'} ${these}`
}

/** What a person said of images, as a CSV file: path, class, and tags with semicolons between. */
export function labelsCsv(index: DatasetIndex): string {
  const rows = index.column<string>(
    "SELECT json_array(path, ifnull(class, ''), json(tags)) || '' FROM labels ORDER BY path",
  )
  const lines = rows.map((row) => {
    const [path, name, tags] = JSON.parse(row) as [string, string, string[]]
    return [path, name, tags.join(';')]
  })
  return csvTable([['path', 'class', 'tags'], ...lines])
}

/** Labels of images that the next scan may find. */
export function expectLabels(index: DatasetIndex, text: string, name: string): void {
  keep(index, labelsIn(text, name))
}

/**
 * Takes over the labels of a CSV file, in place of what was said of the same images; can be taken back like any act. An empty class
 * is that of the folder. Throws AppError file-unusable.
 */
export function readLabels(index: DatasetIndex, text: string, name: string): void {
  const given = labelsIn(text, name)
  index.transaction(() => {
    remember(index, `read labels of ${counted(given.length, 'images')}`, pathsOf, given)
    keep(index, given)
    settle(index)
  })
}

interface Label {
  path: string
  class: string | null
  /** As JSON. */
  tags: string
}

function keep(index: DatasetIndex, labels: Label[]): void {
  index.run(
    `INSERT OR REPLACE INTO labels (path, class, tags)
     SELECT value ->> 'path', value ->> 'class', value ->> 'tags' FROM json_each(?)`,
    JSON.stringify(labels),
  )
}

/** The labels of a CSV file. Throws AppError file-unusable. */
function labelsIn(text: string, name: string): Label[] {
  const unusable = (reason: string) =>
    new AppError(
      'file-unusable',
      `${name} is no table of labels: ${reason}.`,
      'It needs the columns path and class, and may have tags.',
    )
  let rows: string[][]
  try {
    rows = readCsv(text)
  } catch (error) {
    throw unusable((error as Error).message)
  }
  const at = (column: string) => rows[0]?.indexOf(column) ?? -1
  const [path, label, tags] = [at('path'), at('class'), at('tags')]
  if (path < 0 || label < 0) throw unusable('it has no columns of these names')
  return rows.slice(1).flatMap((row) =>
    row[path]
      ? [
          {
            path: row[path],
            class: row[label] || null,
            tags: JSON.stringify([...new Set((row[tags] ?? '').split(';').filter(Boolean))].sort()),
          },
        ]
      : [],
  )
}
