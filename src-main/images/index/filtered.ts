import type { DatasetFacets, DatasetFilter, DatasetImage, ImageProblem, PairKind } from '#shared/contract'
import { evenIndices } from '#shared/spread'
import { presetImageSizes } from '#shared/settings/hyperparameters'
import type { DatasetIndex } from './dataset-index'

/** A condition on rows of `files`, with its parameters. */
interface Condition {
  sql: string
  parameters: unknown[]
}

const listed = (sql: string, values: readonly unknown[]): Condition => ({
  sql: `${sql} IN (SELECT value FROM json_each(?))`,
  parameters: [JSON.stringify(values)],
})

/** Whether any of some rows is among the values. */
const within = (rows: string, values: readonly unknown[]): Condition => ({
  sql: `EXISTS (${rows} AND value IN (SELECT value FROM json_each(?)))`,
  parameters: [JSON.stringify(values)],
})

const pairsOf = (kind: PairKind) =>
  `problem IS NULL AND id IN (SELECT file FROM pairs WHERE kind = '${kind}' UNION SELECT of FROM pairs WHERE kind = '${kind}')`

const suggestedOf = 'SELECT suggestions.class FROM suggestions WHERE file = files.id'

/** What each problem is of a row of `files`. */
const problems: Record<ImageProblem, string> = {
  near: pairsOf('near'),
  identical: pairsOf('identical'),
  alike: pairsOf('alike'),
  leaked: pairsOf('leaked'),
  small: `problem IS NULL AND min(width, height) < ${presetImageSizes[0]}`,
  damaged: 'problem IS NOT NULL',
  doubted: `problem IS NULL AND class <> (${suggestedOf})`,
  excluded: 'problem IS NULL AND excluded',
}

const tagsOf = 'SELECT value FROM labels, json_each(tags) WHERE labels.path = files.path'
const clusterOf = 'SELECT cluster FROM clustered WHERE file = files.id'
const oddnessOf = 'SELECT score FROM odd WHERE file = files.id'
const confidenceOf = 'SELECT confidence FROM suggestions WHERE file = files.id'

const lossOf = 'SELECT loss FROM losses WHERE file = files.id AND checkpoint = ?'

/** The condition of each part of a filter that is given. */
function conditionsOf(
  index: DatasetIndex,
  filter: DatasetFilter,
): Partial<Record<keyof DatasetFilter, Condition>> {
  const { classes, splits, problems: wanted, tags, suggested, clusters, odd, text, paths, loss } = filter
  return {
    ...(classes && { classes: listed("ifnull(class, '')", classes) }),
    ...(splits && { splits: listed("ifnull(split, 'none')", splits) }),
    problems: {
      sql: wanted?.length ? wanted.map((name) => `(${problems[name]})`).join(' OR ') : 'problem IS NULL',
      parameters: [],
    },
    ...(tags && { tags: within(tagsOf, tags) }),
    ...(suggested && { suggested: listed(`(${suggestedOf})`, suggested) }),
    ...(clusters && { clusters: listed(`(${clusterOf})`, clusters) }),
    ...(odd !== undefined && { odd: { sql: `(${oddnessOf}) >= ?`, parameters: [odd] } }),
    ...(text && { text: { sql: 'instr(lower(path), lower(?))', parameters: [text] } }),
    ...(paths && { paths: listed('path', paths) }),
    ...(loss && {
      loss: {
        sql: `(${lossOf}) BETWEEN ? AND ?`,
        parameters: [checkpointOf(index, filter), loss.from, loss.to],
      },
    }),
  }
}

function joined(conditions: Partial<Record<keyof DatasetFilter, Condition>>, without?: keyof DatasetFilter) {
  const parts = Object.entries(conditions).flatMap(([name, part]) => (name === without ? [] : [part]))
  return {
    sql: parts.map(({ sql }) => `(${sql})`).join(' AND ') || 'true',
    parameters: parts.flatMap(({ parameters }) => parameters),
  }
}

/** What images must fit that a filter shows. */
export const conditionOf = (index: DatasetIndex, filter: DatasetFilter): Condition =>
  joined(conditionsOf(index, filter))

/** The row of `measured` of the filter's checkpoint; -1 where nothing was measured with it. */
function checkpointOf(index: DatasetIndex, { checkpoint }: DatasetFilter): number {
  if (!checkpoint) return -1
  const sql = 'SELECT id FROM measured WHERE run = ? AND step = ?'
  return index.rows<{ id: number }>(sql, checkpoint.run, checkpoint.step)[0]?.id ?? -1
}

/** What the table `shown` of an index holds, and how many rows had changed when it was filled. */
const filled = new WeakMap<DatasetIndex, { filter: string; changes: number }>()

const changesOf = (index: DatasetIndex) =>
  index.one<{ changes: number }>('SELECT total_changes() AS changes').changes

/** The table that numbers the images of a filter from 1: `places` for all of them, otherwise `shown`, filled if need be. */
function viewOf(index: DatasetIndex, filter: DatasetFilter): 'places' | 'shown' {
  const { sort = 'name' } = filter
  const conditions = conditionsOf(index, filter)
  if (sort === 'name' && Object.keys(conditions).length === 1 && !filter.problems?.length) return 'places'
  const wanted = JSON.stringify(filter)
  const known = filled.get(index)
  if (known?.filter === wanted && known.changes === changesOf(index)) return 'shown'
  const { sql, parameters } = joined(conditions)
  const orders: Record<typeof sort, Condition> = {
    name: { sql: 'split, class, path', parameters: [] },
    size: { sql: 'width * height DESC, bytes DESC, path', parameters: [] },
    loss: { sql: `(${lossOf}) DESC, path`, parameters: [checkpointOf(index, filter)] },
    unsure: { sql: `(${confidenceOf}) NULLS LAST, path`, parameters: [] },
    sure: { sql: `(${confidenceOf}) DESC, path`, parameters: [] },
    odd: { sql: `(${oddnessOf}) DESC NULLS LAST, path`, parameters: [] },
    typical: {
      sql: '(SELECT distance FROM clustered WHERE file = files.id) NULLS LAST, path',
      parameters: [],
    },
  }
  const given = {
    sql: '(SELECT key FROM json_each(?) WHERE value = files.path)',
    parameters: [JSON.stringify(filter.paths)],
  }
  const order = filter.paths && sort === 'name' ? given : orders[sort]
  index.run('CREATE TEMP TABLE IF NOT EXISTS shown (place INTEGER PRIMARY KEY, file INTEGER NOT NULL)')
  index.run('DELETE FROM shown')
  index.run(
    `INSERT INTO shown (file) SELECT id FROM files WHERE ${sql} ORDER BY ${order.sql}`,
    ...parameters,
    ...order.parameters,
  )
  filled.set(index, { filter: wanted, changes: changesOf(index) })
  return 'shown'
}

/** A page of the images that fit a filter, with their losses at its checkpoint. */
export function pageOf(
  index: DatasetIndex,
  filter: DatasetFilter,
  offset: number,
  limit: number,
): { total: number; images: DatasetImage[] } {
  const view = viewOf(index, filter)
  const { total } = index.one<{ total: number | null }>(`SELECT max(place) AS total FROM ${view}`)
  const places = Array.from({ length: limit }, (_, i) => offset + 1 + i)
  return { total: total ?? 0, images: imagesAt(index, view, places, checkpointOf(index, filter)) }
}

/** Some readable images, evenly spread over all. */
export function sampleOf(index: DatasetIndex, count: number): DatasetImage[] {
  const { total } = index.one<{ total: number | null }>('SELECT max(place) AS total FROM places')
  const places = evenIndices(total ?? 0, count).map((i) => i + 1)
  return imagesAt(index, 'places', places)
}

function imagesAt(index: DatasetIndex, view: 'places' | 'shown', places: number[], checkpoint = -1) {
  return index
    .rows<ImageRow>(
      `SELECT ${imageColumns}, (${lossOf}) AS loss FROM ${view} JOIN files ON files.id = file
       WHERE place IN (SELECT value FROM json_each(?)) ORDER BY place`,
      checkpoint,
      JSON.stringify(places),
    )
    .map(toImage)
}

interface ImageRow extends Omit<DatasetImage, 'excluded' | 'loss' | 'tags' | 'labelled' | 'suggestion'> {
  excluded: number
  loss?: number | null
  tags: string | null
  labelled: number
  suggested: string | null
  confidence: number | null
}
export const imageColumns = `
  id, path, class, split, ifnull(width, 0) AS width, ifnull(height, 0) AS height, bytes, excluded, problem,
  (SELECT tags FROM labels WHERE labels.path = files.path) AS tags,
  EXISTS (SELECT 1 FROM labels WHERE labels.path = files.path AND labels.class IS NOT NULL) AS labelled,
  (${suggestedOf}) AS suggested, (${confidenceOf}) AS confidence, (${oddnessOf}) AS odd`
export const toImage = ({ tags, suggested, confidence, ...row }: ImageRow): DatasetImage => ({
  ...row,
  excluded: Boolean(row.excluded),
  loss: row.loss ?? null,
  tags: JSON.parse(tags ?? '[]') as string[],
  labelled: Boolean(row.labelled),
  suggestion: suggested === null ? null : { class: suggested, confidence: confidence! },
})

const lossBins = 18

/** How many images each choice of a part of the filter has, given the other parts. */
export function facetsOf(index: DatasetIndex, filter: DatasetFilter): DatasetFacets {
  const conditions = conditionsOf(index, filter)
  /** A choice without images is listed too, as it may be chosen. */
  const grouped = (part: 'classes' | 'splits', value: string) => {
    const { sql, parameters } = joined(conditions, part)
    return index.rows<{ value: string; images: number }>(
      `SELECT value, ifnull(images, 0) AS images FROM (SELECT DISTINCT ${value} AS value FROM groups)
       LEFT JOIN (SELECT ${value} AS found, count(*) AS images FROM files WHERE ${sql} GROUP BY 1) ON found = value
       ORDER BY value`,
      ...parameters,
    )
  }
  const others = joined(conditions, 'problems')
  const sums = Object.entries(problems).map(([name, sql]) => `ifnull(sum(${sql}), 0) AS ${name}`)
  const whole = joined(conditions)
  return {
    total: index.one<{ total: number }>(
      `SELECT count(*) AS total FROM files WHERE ${whole.sql}`,
      ...whole.parameters,
    ).total,
    classes: grouped('classes', "ifnull(class, '')").map(({ value, images }) => ({ name: value, images })),
    splits: grouped('splits', "ifnull(split, 'none')").map(({ value, images }) => ({
      split: value as DatasetFacets['splits'][number]['split'],
      images,
    })),
    tags: named(
      index,
      `SELECT name, ifnull(images, 0) AS images FROM (SELECT DISTINCT value AS name FROM labels, json_each(tags))
       LEFT JOIN (SELECT value AS found, count(*) AS images
         FROM (SELECT path AS at FROM files WHERE ${joined(conditions, 'tags').sql}) JOIN labels ON labels.path = at, json_each(tags)
         GROUP BY 1) ON found = name ORDER BY name`,
      joined(conditions, 'tags').parameters,
    ),
    suggested: named(
      index,
      `SELECT class AS name, count(*) AS images
       FROM (SELECT id AS at FROM files WHERE class IS NULL AND ${joined(conditions, 'suggested').sql}) JOIN suggestions ON file = at
       GROUP BY 1 ORDER BY 1`,
      joined(conditions, 'suggested').parameters,
    ),
    clusters: named(
      index,
      `SELECT name, ifnull(images, 0) AS images FROM (SELECT cluster AS name, count(*) AS size FROM clustered GROUP BY 1)
       LEFT JOIN (SELECT cluster AS found, count(*) AS images
         FROM (SELECT id AS at FROM files WHERE ${joined(conditions, 'clusters').sql}) JOIN clustered ON file = at
         GROUP BY 1) ON found = name ORDER BY size DESC, length(name), name`,
      joined(conditions, 'clusters').parameters,
    ),
    problems: index.one(`SELECT ${sums.join()} FROM files WHERE ${others.sql}`, ...others.parameters),
    loss: lossesOf(index, filter, joined(conditions, 'loss')),
  }
}

const named = (index: DatasetIndex, sql: string, parameters: unknown[]) =>
  index.rows<{ name: string; images: number }>(sql, ...parameters)

function lossesOf(
  index: DatasetIndex,
  filter: DatasetFilter,
  { sql, parameters }: Condition,
): DatasetFacets['loss'] {
  const checkpoint = checkpointOf(index, filter)
  // The range stays while the other parts change, so that the slider does too.
  const range = index.one<{ low: number | null; high: number; images: number }>(
    'SELECT min(loss) AS low, max(loss) AS high, count(*) AS images FROM losses WHERE checkpoint = ?',
    checkpoint,
  )
  if (range.low === null) return null
  const { low, high, images } = range
  const { median } = index.one<{ median: number }>(
    'SELECT loss AS median FROM losses WHERE checkpoint = ? ORDER BY loss LIMIT 1 OFFSET ?',
    checkpoint,
    Math.floor((images - 1) / 2),
  )
  const bins = Array.from({ length: lossBins }, () => 0)
  const counted = index.rows<{ bin: number; images: number }>(
    `SELECT min(${lossBins - 1}, cast(${lossBins} * (losses.loss - ?) / ? AS INTEGER)) AS bin, count(*) AS images
     FROM losses JOIN files ON files.id = losses.file WHERE losses.checkpoint = ? AND ${sql} GROUP BY bin`,
    low,
    high - low || 1,
    checkpoint,
    ...parameters,
  )
  for (const { bin, images: inBin } of counted) bins[bin] = inBin
  return { low, high, median, bins }
}
