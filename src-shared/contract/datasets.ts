import { z } from 'zod'
import { call, count, filePath, nothing, time } from './common'
import { hostPath, id, words } from './strings'

export const split = z.enum(['train', 'validation', 'test'])
export type Split = z.infer<typeof split>

/** What a scan found. Image counts include only readable images that are not excluded. */
const datasetSummary = z.object({
  images: count,
  unreadable: count,
  /** Images that the person excluded. */
  excluded: count,
  /** Total size of the readable images in bytes. */
  bytes: count,
  /** Class folders; empty if the images are not in folders. */
  classes: z.array(z.object({ name: z.string(), images: count })),
  /** Images in folders of splits (images/index/layout.ts), and in none of these. */
  splits: z.object({ none: count, train: count, validation: count, test: count }),
  /** Smallest and largest width and height in pixels; null before a scan. */
  sizes: z
    .object({ minimumWidth: count, maximumWidth: count, minimumHeight: count, maximumHeight: count })
    .nullable(),
  /** What a person should know of the folders: what was left out, and names that may mean something else. */
  notices: z.array(z.string()),
})
export type DatasetSummary = z.infer<typeof datasetSummary>

export const dataset = datasetSummary.extend({
  id,
  name: z.string(),
  folder: filePath,
  status: z.enum(['scanning', 'ready', 'failed']),
  /** Images checked so far; null while no check runs. */
  checking: count.nullable().default(null),
  addedAt: time,
  scannedAt: time.nullable(),
  /** Why the scan failed. */
  error: z.string().nullable(),
})
export type Dataset = z.infer<typeof dataset>

export const datasetImage = z.object({
  /** Stays the same while the image is in the data set; the thumbnail is at `thumbnail/<dataset>/<id>`. */
  id: count,
  /** Relative to the folder. */
  path: z.string(),
  class: z.string().nullable(),
  /** The split of its folder. */
  split: split.nullable(),
  width: count,
  height: count,
  bytes: count,
  excluded: z.boolean(),
})
export type DatasetImage = z.infer<typeof datasetImage>

/** Which images to show: those of a class (empty: in no class folder), of a split, or the excluded ones. */
const datasetFilter = z.object({
  class: words(4096).optional(),
  split: split.or(z.literal('none')).optional(),
  excluded: z.literal(true).optional(),
})
export type DatasetFilter = z.infer<typeof datasetFilter>

const page = z.object({ offset: count, limit: z.int().min(1).max(1000) })

const bars = z.array(z.object({ label: z.string(), images: count }))

/** What to know before training about the readable images that are not excluded. */
export const datasetReport = z.object({
  /** Fully decoded images; copies and damage are known only for these. */
  checked: count,
  formats: bars,
  shorterSides: bars,
  /** Width over height. */
  ratios: bars,
  /** Images whose shorter side is below a common training size. */
  smaller: z.array(z.object({ side: count, images: count })),
  /** Copies of other images: identical files, and near-duplicates. */
  identical: count,
  near: count,
  /** Mean and standard deviation of red, green and blue, 0 to 1; null before a check. */
  statistics: z.object({ mean: z.array(z.number()), deviation: z.array(z.number()) }).nullable(),
})
export type DatasetReport = z.infer<typeof datasetReport>

const duplicatePair = z.object({
  copy: datasetImage,
  of: datasetImage,
  /** Differing bits of their 128-bit hashes; null if the files are identical. */
  distance: count.nullable(),
})
export type DuplicatePair = z.infer<typeof duplicatePair>

export const datasetCalls = {
  'datasets.list': call(nothing, z.array(dataset)),
  /** Adds a folder and scans it. Returns the existing data set if the folder is known. */
  'datasets.add': call(z.object({ folder: hostPath }), dataset),
  /** Adds the images that ship with the app. */
  'datasets.addSample': call(nothing, dataset),
  'datasets.rescan': call(z.object({ id }), dataset),
  /** Watches the folder from now on; changes are reported by `datasets.changed`. */
  'datasets.watch': call(z.object({ id }), nothing),
  'datasets.rename': call(z.object({ id, name: words(200, 1) }), dataset),
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
  /** Decodes every image that was not checked yet, to find damage and copies. */
  'datasets.check': call(z.object({ id }), dataset),
  'datasets.report': call(z.object({ id }), datasetReport),
  'datasets.duplicates': call(page.extend({ id }), z.object({ total: count, pairs: z.array(duplicatePair) })),
  /** Excludes every identical copy from training; with `near`, near-duplicates too. */
  'datasets.excludeDuplicates': call(z.object({ id, near: z.boolean() }), dataset),
  /** Excludes images from training, or includes them again. Rescans keep this. */
  'datasets.exclude': call(z.object({ id, images: z.array(count), excluded: z.boolean() }), dataset),
} as const

export const datasetEvents = {
  'datasets.changed': dataset,
  'datasets.removed': z.object({ id }),
} as const
