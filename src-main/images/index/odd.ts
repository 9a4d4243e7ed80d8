import { AppError } from '#shared/errors'
import type { OddImages, OddOrdinary } from '#shared/contract'
import { csvTable } from '#shared/csv'
import { fromFloat16, toFloat16 } from '#formats/floats'
import { linesOf } from '#storage/json-lines'
import type { DatasetIndex, UsableImage } from './dataset-index'
import { conditionOf } from './filtered'

/** How odd an image is, as a line of a file. */
export interface OddLine {
  path: string
  score: number
  /** Whether it is one of those that the others were compared with. */
  ordinary: boolean
  /** The distance of each patch, row by row: halves as base64. */
  patches: string
}

export const patchesAsText = (patches: Float32Array): string =>
  Buffer.from(toFloat16(patches).buffer).toString('base64')

/** By which checkpoint and beside which images that was found, when, and from which score on images are taken for odd. */
type About = Pick<OddImages, 'run' | 'step' | 'ordinary' | 'at' | 'threshold'>

const bins = 48
const linesAtOnce = 1000
/** The share of ordinary images below the first threshold. */
const usual = 0.95

/** The images that may be used and that fit, some at a time. */
export function ordinaryImages(index: DatasetIndex, ordinary: OddOrdinary): Generator<UsableImage[]> {
  const { sql, parameters } = conditionOf(index, ordinary)
  return index.usable(sql, ...parameters)
}

/** Keeps the lines of a file in place of what was known, and begins with a threshold that few ordinary images reach. */
export async function keepOdd(
  index: DatasetIndex,
  about: Omit<About, 'threshold'>,
  file: string,
): Promise<void> {
  index.run(
    'CREATE TEMP TABLE IF NOT EXISTS found_odd (path TEXT, score REAL, ordinary INTEGER, patches TEXT)',
  )
  index.run('DELETE FROM found_odd')
  const columns = ['path', 'score', 'ordinary', 'patches'] satisfies (keyof OddLine)[]
  const values = columns.map((name) => `value ->> '${name}'`).join()
  let some: string[] = []
  const put = () => {
    index.run(`INSERT INTO found_odd SELECT ${values} FROM json_each(?)`, `[${some.join()}]`)
    some = []
  }
  for await (const line of linesOf(file)) if (some.push(line) === linesAtOnce) put()
  put()
  index.transaction(() => {
    index.run('DELETE FROM odd')
    index.run(
      'INSERT INTO odd (file, score, patches) SELECT id, score, patches FROM found_odd JOIN files USING (path)',
    )
    const [at] = index.rows<{ score: number }>(
      `SELECT score FROM found_odd WHERE ordinary ORDER BY score
       LIMIT 1 OFFSET (SELECT cast(${usual} * count(*) AS INTEGER) FROM found_odd WHERE ordinary)`,
    )
    index.keepFact('odd', { ...about, threshold: at?.score ?? 0 } satisfies About)
  })
  index.run('DELETE FROM found_odd')
}

const aboutOf = (index: DatasetIndex) => index.fact<About>('odd')

/** Keeps from which score on images are taken for odd. */
export function setOddThreshold(index: DatasetIndex, threshold: number): void {
  const about = aboutOf(index)
  if (about) index.keepFact('odd', { ...about, threshold } satisfies About)
}

/** How the scores of the images are spread; null where none are known. */
export function oddOf(index: DatasetIndex): OddImages | null {
  const about = aboutOf(index)
  if (!about) return null
  const { images, low, high } = index.one<{ images: number; low: number | null; high: number | null }>(
    'SELECT count(*) AS images, min(score) AS low, max(score) AS high FROM odd',
  )
  if (low === null || high === null) return null
  const counts = Array.from({ length: bins }, () => 0)
  const found = index.rows<{ bin: number; images: number }>(
    `SELECT min(${bins - 1}, cast(${bins} * (score - ?) / ? AS INTEGER)) AS bin, count(*) AS images FROM odd GROUP BY bin`,
    low,
    high - low || 1,
  )
  for (const { bin, images: inBin } of found) counts[bin] = inBin
  const { above } = index.one<{ above: number }>(
    'SELECT count(*) AS above FROM odd WHERE score >= ?',
    about.threshold,
  )
  return { ...about, images, low, high, above, bins: counts }
}

/** The distance of each patch of an image from the ordinary ones, row by row; null where it is not known. */
export function oddPatches(index: DatasetIndex, image: number): number[] | null {
  const [row] = index.rows<{ patches: string }>('SELECT patches FROM odd WHERE file = ?', image)
  return row ? [...fromFloat16(Buffer.from(row.patches, 'base64'))] : null
}

/** A table of all images, the oddest first, and whether each is taken for odd. Throws AppError too-few-images. */
export function oddCsv(index: DatasetIndex): string {
  const about = aboutOf(index)
  if (!about) throw new AppError('too-few-images', 'No odd images were looked for.', 'Find odd images first.')
  const rows = index.rows<{ path: string; score: number }>(
    'SELECT path, score FROM odd JOIN files ON files.id = file ORDER BY score DESC, path',
  )
  const lines = rows.map(({ path, score }) => [
    path,
    score.toFixed(4),
    score >= about.threshold ? 'yes' : 'no',
  ])
  return csvTable([['path', 'score', 'odd'], ...lines])
}
