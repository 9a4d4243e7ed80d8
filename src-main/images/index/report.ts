import { type DatasetReport, type DuplicatePair, type PairKind, pairKind } from '#shared/contract'
import { presetImageSizes } from '#shared/settings/hyperparameters'
import type { DatasetIndex } from './dataset-index'
import { act } from './labels'
import { imageColumns, toImage } from './filtered'

/** What a person should know of a data set before training on it. */
export function reportOf(index: DatasetIndex): DatasetReport {
  const readable = 'FROM files WHERE problem IS NULL AND NOT excluded'
  const bars = (label: string, order: string) =>
    index.rows<{ label: string; images: number }>(
      `SELECT ${label} AS label, count(*) AS images ${readable} GROUP BY label ORDER BY ${order}`,
    )
  const smaller = presetImageSizes.map((side) => `sum(min(width, height) < ${side}) AS below${side}`)
  const counts = index.one<Record<string, number | null>>(`SELECT ${smaller.join()} ${readable}`)
  const kinds = pairKind.options.map((kind) => `count(*) FILTER (WHERE kind = '${kind}') AS ${kind}`)
  const pairs = index.one<Record<PairKind, number>>(`SELECT ${kinds.join()} FROM pairs`)
  const { checked } = index.one<{ checked: number }>(`SELECT count(content) AS checked ${readable}`)
  const powers = Array.from({ length: 13 }, (_, k) => 16 * 2 ** k)
  const power = `CASE ${powers.map((p) => `WHEN min(width, height) < ${p} THEN ${p}`).join(' ')} END`
  const shorterSides = index.rows<{ low: number; high: number; images: number }>(
    `SELECT min(min(width, height)) AS low, max(min(width, height)) AS high, count(*) AS images ${readable}
     GROUP BY ${power} ORDER BY low`,
  )
  const shape = "CASE WHEN width = height THEN 'Square' WHEN width > height THEN 'Wider' ELSE 'Taller' END"
  return {
    checked,
    check: index.fact('check'),
    formats: bars('format', 'images DESC'),
    shorterSides: shorterSides.map(({ low, high, images }) => ({
      label: low === high ? `${low} px` : `${low} to ${high} px`,
      images,
    })),
    shapes: bars(shape, 'label'),
    smaller: presetImageSizes.map((side) => ({ side, images: counts[`below${side}`] ?? 0 })),
    ...pairs,
    compared: index.fact('compared'),
    statistics: index.fact('statistics'),
  }
}

/** Pairs that are still to be looked at, the most alike first. */
export function duplicatePairs(
  index: DatasetIndex,
  kind: PairKind,
  offset: number,
  limit: number,
): { total: number; pairs: DuplicatePair[] } {
  const rows = index.rows<{ file: number; of: number; distance: number | null; similarity: number | null }>(
    `SELECT file, of, distance, similarity FROM pairs WHERE kind = ?
     ORDER BY distance NULLS FIRST, similarity DESC NULLS FIRST, file LIMIT ? OFFSET ?`,
    kind,
    limit,
    offset,
  )
  const ids = JSON.stringify(rows.flatMap(({ file, of }) => [file, of]))
  const images = new Map(
    index
      .rows<Parameters<typeof toImage>[0]>(
        `SELECT ${imageColumns} FROM files WHERE id IN (SELECT value FROM json_each(?))`,
        ids,
      )
      .map((row) => [row.id, toImage(row)]),
  )
  const { total } = index.one<{ total: number }>('SELECT count(*) AS total FROM pairs WHERE kind = ?', kind)
  return {
    total,
    pairs: rows.map(({ file, of, ...found }) => ({ copy: images.get(file)!, of: images.get(of)!, ...found })),
  }
}

/** Leaves out the first image of each pair of a kind that is still to be looked at. */
export function excludeDuplicates(index: DatasetIndex, kind: PairKind): void {
  const copies = index.column<number>('SELECT DISTINCT file FROM pairs WHERE kind = ?', kind)
  act(index, copies, { excluded: true })
}

/** Keeps both images of a pair for good, or asks about them again. */
export function keepPair(index: DatasetIndex, copy: number, of: number, kept: boolean): void {
  index.run(
    kept
      ? 'INSERT OR IGNORE INTO kept (file, of) VALUES (?, ?)'
      : 'DELETE FROM kept WHERE file = ? AND of = ?',
    copy,
    of,
  )
}
