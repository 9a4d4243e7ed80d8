import type { DatasetImage, DatasetReport, DuplicatePair } from '#shared/contract'
import { knownStatistics } from './check'
import { type DatasetIndex, imageColumns, toImage } from './dataset-index'

/** Shorter sides that models are commonly trained at. */
const sides = [32, 64, 128, 224]

/** What a person should know of a data set before training on it. */
export function reportOf(index: DatasetIndex): DatasetReport {
  const readable = 'FROM files WHERE problem IS NULL AND NOT excluded'
  const bars = (label: string, order: string) =>
    index.rows<{ label: string; images: number }>(
      `SELECT ${label} AS label, count(*) AS images ${readable} GROUP BY label ORDER BY ${order}`,
    )
  const smaller = sides.map((side) => `sum(min(width, height) < ${side}) AS below${side}`)
  const counts = index.one<Record<string, number | null>>(`SELECT ${smaller.join()} ${readable}`)
  const copies = index.one<{ identical: number; near: number }>(`
    SELECT count(*) - count(distance) AS identical, count(distance) AS near
    FROM duplicates JOIN files ON files.id = file WHERE NOT excluded`)
  const { checked } = index.one<{ checked: number }>(`SELECT count(content) AS checked ${readable}`)
  const powers = Array.from({ length: 13 }, (_, k) => 16 * 2 ** k)
  const shorter = `CASE ${powers.map((p) => `WHEN min(width, height) < ${p} THEN 'below ${p}'`).join(' ')} ELSE 'larger' END`
  return {
    checked,
    formats: bars('format', 'images DESC'),
    shorterSides: bars(shorter, 'min(min(width, height))'),
    ratios: bars('round(1.0 * width / height, 1)', '1.0 * width / height').map(({ label, images }) => ({
      label: String(label),
      images,
    })),
    smaller: sides.map((side) => ({ side, images: counts[`below${side}`] ?? 0 })),
    ...copies,
    statistics: knownStatistics(index),
  }
}

/** Copies with what they are copies of, the most alike first; those that were excluded come last. */
export function duplicatePairs(
  index: DatasetIndex,
  offset: number,
  limit: number,
): { total: number; pairs: DuplicatePair[] } {
  const rows = index.rows<{ file: number; of: number; distance: number | null }>(
    `SELECT file, of, distance FROM duplicates JOIN files ON files.id = file
     ORDER BY excluded, distance, path LIMIT ? OFFSET ?`,
    limit,
    offset,
  )
  const ids = JSON.stringify(rows.flatMap(({ file, of }) => [file, of]))
  const images = new Map(
    index
      .rows<DatasetImage>(
        `SELECT ${imageColumns} FROM files WHERE id IN (SELECT value FROM json_each(?))`,
        ids,
      )
      .map((row) => [row.id, toImage(row)]),
  )
  const { total } = index.one<{ total: number }>('SELECT count(*) AS total FROM duplicates')
  return {
    total,
    pairs: rows.map(({ file, of, distance }) => ({
      copy: images.get(file)!,
      of: images.get(of)!,
      distance,
    })),
  }
}

/** Leaves out every copy that is not excluded yet: of the same content, or also those that only look alike. */
export function excludeDuplicates(index: DatasetIndex, near: boolean): void {
  index.run(
    `UPDATE files SET excluded = 1 WHERE id IN (SELECT file FROM duplicates WHERE distance IS NULL OR ?)`,
    Number(near),
  )
}
