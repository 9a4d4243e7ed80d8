import { cpus } from 'node:os'
import path from 'node:path'
import type { PixelStatistics } from '#model/augment/crop'
import type { DatasetIndex } from './dataset-index'
import { explain } from '#images/decode/explain'
import { fingerprint } from './fingerprint'
import { nearDuplicates } from './near-duplicates'
import { pixelStatistics } from './statistics'

const imagesAtOnce = 200
/** With more images the statistics change only in the third digit. */
const sampled = 4000

/**
 * Decodes every image that is new or changed since the last check: finds damaged ones whose header is intact, and copies.
 * If it is interrupted, what is done stays done.
 */
export async function checkImages(
  index: DatasetIndex,
  onProgress: (checked: number) => void = () => undefined,
): Promise<void> {
  const begin = performance.now()
  const { checked } = index.one<{ checked: number }>('SELECT count(content) AS checked FROM files')
  let done = checked
  for (let files = unchecked(index); files.length; files = unchecked(index)) {
    const looked = await Promise.all(chunk(files, cpus().length).map((some) => lookAt(index.folder, some)))
    index.run(
      `UPDATE files SET content = looked.value ->> 'content', perceptual = looked.value ->> 'perceptual',
         problem = looked.value ->> 'problem'
       FROM json_each(?) AS looked WHERE files.id = looked.value ->> 'id'`,
      JSON.stringify(looked.flat()),
    )
    onProgress((done += files.length))
  }
  index.number()
  findDuplicates(index)
  await statisticsOf(index)
  const check = { at: new Date().toISOString(), seconds: (performance.now() - begin) / 1000 }
  index.keepFact('check', check)
}

/** Forgets what earlier checks found of each image. */
export const forgetChecks = (index: DatasetIndex) =>
  void index.run('UPDATE files SET content = NULL, perceptual = NULL WHERE problem IS NULL')

interface Looked {
  id: number
  content: string
  perceptual: string | null
  problem: string | null
}

const unchecked = (index: DatasetIndex) =>
  index.rows<{ id: number; path: string }>(
    `SELECT id, path FROM files WHERE problem IS NULL AND content IS NULL LIMIT ${imagesAtOnce}`,
  )

async function lookAt(folder: string, files: { id: number; path: string }[]): Promise<Looked[]> {
  const looked: Looked[] = []
  for (const { id, path: relative } of files) {
    const file = path.join(folder, relative)
    try {
      looked.push({ id, ...(await fingerprint(file)), problem: null })
    } catch (error) {
      looked.push({ id, content: '', perceptual: null, problem: await explain(error, file) })
    }
  }
  return looked
}

/** Copies of the same content, all but the first; and among the rest those that look like an earlier image. */
function findDuplicates(index: DatasetIndex): void {
  index.run('DELETE FROM duplicates')
  index.run(`
    INSERT INTO duplicates (file, of, distance)
    SELECT files.id, first, NULL FROM files JOIN (
      SELECT content, min(id) AS first FROM files WHERE problem IS NULL AND content IS NOT NULL
      GROUP BY content HAVING count(*) > 1
    ) USING (content) WHERE files.id <> first AND problem IS NULL`)
  const images = index.rows<{ id: number; perceptual: string }>(`
    SELECT id, perceptual FROM files
    WHERE perceptual IS NOT NULL AND NOT EXISTS (SELECT 1 FROM duplicates WHERE file = files.id) ORDER BY id`)
  const near = nearDuplicates(images.map(({ perceptual }) => perceptual)).map((pair) => ({
    file: images[pair.near]!.id,
    of: images[pair.of]!.id,
    distance: pair.distance,
  }))
  index.run(
    `INSERT INTO duplicates (file, of, distance)
     SELECT value ->> 'file', value ->> 'of', value ->> 'distance' FROM json_each(?)`,
    JSON.stringify(near),
  )
}

/** Mean and deviation of the channels, from some images evenly chosen; kept until the data set changes. */
export async function statisticsOf(index: DatasetIndex): Promise<PixelStatistics> {
  const known = index.fact<PixelStatistics>('statistics')
  if (known) return known
  const images = index.rows<{ path: string; width: number; height: number }>(
    `SELECT path, width, height FROM places JOIN files ON files.id = file
     WHERE place % max(1, (SELECT count(*) FROM places) / ?) = 0 AND NOT excluded`,
    sampled,
  )
  const statistics = await pixelStatistics(index.folder, images)
  index.keepFact('statistics', statistics)
  return statistics
}

/** The items dealt out into so many lists. */
const chunk = <T>(items: T[], hands: number): T[][] =>
  Array.from({ length: hands }, (_, hand) => items.filter((_, i) => i % hands === hand))
