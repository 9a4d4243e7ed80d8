import { z } from 'zod'
import { call, count, filePath, id, nothing, time } from './common'

export const dataset = z.object({
  id,
  name: z.string(),
  folder: filePath,
  status: z.enum(['scanning', 'ready', 'failed']),
  /** Readable images found so far. */
  images: count,
  unreadable: count,
  /** Total size of the readable images in bytes. */
  bytes: count,
  /** Class folders; empty where the images are in no folders. */
  classes: z.array(z.object({ name: z.string(), images: count })),
  /** Smallest and largest width and height of the readable images in pixels; null before a scan. */
  sizes: z
    .object({ minimumWidth: count, maximumWidth: count, minimumHeight: count, maximumHeight: count })
    .nullable(),
  addedAt: time,
  scannedAt: time.nullable(),
  /** Why the scan failed. */
  error: z.string().nullable(),
})
export type Dataset = z.infer<typeof dataset>

export const datasetImage = z.object({
  /** Position in the data set; the thumbnail is at `thumbnail/<dataset>/<index>`. */
  index: count,
  /** Relative to the folder. */
  path: z.string(),
  class: z.string().nullable(),
  width: count,
  height: count,
  bytes: count,
})
export type DatasetImage = z.infer<typeof datasetImage>

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
    z.object({ id, offset: count, limit: z.int().min(1).max(1000), class: z.string().optional() }),
    z.object({ total: count, images: z.array(datasetImage) }),
  ),
  'datasets.unreadable': call(z.object({ id }), z.array(z.object({ path: z.string(), reason: z.string() }))),
} as const

export const datasetEvents = {
  'datasets.changed': dataset,
  'datasets.removed': z.object({ id }),
} as const
