import { z } from 'zod'
import { call, count, filePath, id, nothing, time } from './common'

export const split = z.enum(['train', 'validation', 'test'])
export type Split = z.infer<typeof split>

/** What a scan found. Counts of images are of those that can be read and are not excluded. */
const datasetSummary = z.object({
  images: count,
  unreadable: count,
  /** Images that the person left out. */
  excluded: count,
  /** Total size in bytes. */
  bytes: count,
  /** Class folders; empty where the images are in no folders. */
  classes: z.array(z.object({ name: z.string(), images: count })),
  /** Images in folders named train, val or test, and in none of these. */
  splits: z.object({ none: count, train: count, validation: count, test: count }),
  /** Smallest and largest width and height in pixels; null before a scan. */
  sizes: z
    .object({ minimumWidth: count, maximumWidth: count, minimumHeight: count, maximumHeight: count })
    .nullable(),
})
export type DatasetSummary = z.infer<typeof datasetSummary>

export const dataset = datasetSummary.extend({
  id,
  name: z.string(),
  folder: filePath,
  status: z.enum(['scanning', 'ready', 'failed']),
  addedAt: time,
  scannedAt: time.nullable(),
  /** Why the scan failed. */
  error: z.string().nullable(),
})
export type Dataset = z.infer<typeof dataset>

export const datasetImage = z.object({
  /** The image's number in the data set, its own for as long as it is there; the thumbnail is at `thumbnail/<dataset>/<id>`. */
  id: count,
  /** Relative to the folder. */
  path: z.string(),
  class: z.string().nullable(),
  /** The split that its folder says. */
  split: split.nullable(),
  width: count,
  height: count,
  bytes: count,
  excluded: z.boolean(),
})
export type DatasetImage = z.infer<typeof datasetImage>

/** Which images to show: of a class (empty: in no class folder), of a split, or those that are excluded. */
const datasetFilter = z.object({
  class: z.string().optional(),
  split: split.or(z.literal('none')).optional(),
  excluded: z.literal(true).optional(),
})
export type DatasetFilter = z.infer<typeof datasetFilter>

const page = z.object({ offset: count, limit: z.int().min(1).max(1000) })

export const datasetCalls = {
  'datasets.list': call(nothing, z.array(dataset)),
  /** Adds a folder, or answers the data set that it already is, and scans it. */
  'datasets.add': call(z.object({ folder: filePath }), dataset),
  /** Adds the images that ship with the app. */
  'datasets.addSample': call(nothing, dataset),
  'datasets.rescan': call(z.object({ id }), dataset),
  'datasets.rename': call(z.object({ id, name: z.string().min(1).max(200) }), dataset),
  /** Forgets a data set. Its files stay as they are. */
  'datasets.remove': call(z.object({ id }), nothing),
  'datasets.images': call(
    datasetFilter.extend({ id, ...page.shape }),
    z.object({ total: count, images: z.array(datasetImage) }),
  ),
  'datasets.unreadable': call(
    page.extend({ id }),
    z.object({ total: count, files: z.array(z.object({ path: z.string(), reason: z.string() })) }),
  ),
  /** Leaves images out of training, or takes them in again. Rescans keep it. */
  'datasets.exclude': call(z.object({ id, images: z.array(count), excluded: z.boolean() }), dataset),
} as const

export const datasetEvents = {
  'datasets.changed': dataset,
  'datasets.removed': z.object({ id }),
} as const
