import { z } from 'zod'
import { errorCodes } from '#shared/errors'
import { call, count, filePath, nothing, time } from './common'
import { hostPath, id, imagePath, words } from './strings'

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
  /** Readable images that no check has decoded yet. */
  unchecked: count,
  /** Images that are copies of others and neither excluded nor kept on purpose. */
  copies: count,
  /** Smallest and largest width and height in pixels; null before a scan. */
  sizes: z
    .object({ minimumWidth: count, maximumWidth: count, minimumHeight: count, maximumHeight: count })
    .nullable(),
  /** What a person should know of the folders: what was left out, and names that may mean something else. */
  notices: z.array(z.string()),
  /** What the person did last to its images and can take back, as in “labelled 3 images flags”. */
  newestAct: z.string().nullable().default(null),
})
export type DatasetSummary = z.infer<typeof datasetSummary>

export const dataset = datasetSummary.extend({
  id,
  name: z.string(),
  folder: filePath,
  status: z.enum(['scanning', 'ready', 'failed']),
  /** Files that the scan in progress found and will look at; null before it knows. */
  found: count.nullable().default(null),
  /** Images checked so far; null while no check runs. */
  checking: count.nullable().default(null),
  addedAt: time,
  scannedAt: time.nullable(),
  /** Why the scan or check failed. */
  error: z.string().nullable(),
  errorCode: z.enum(errorCodes).catch('unexpected').nullable().default(null),
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
  /** Why it cannot be read; width and height are 0 then. */
  problem: z.string().nullable(),
  /** Loss of the image at the checkpoint that was asked for; null where it was not measured. */
  loss: z.number().nullable(),
  tags: z.array(z.string()),
  /** Whether a person gave it its class. */
  labelled: z.boolean(),
  /** The class that a classifier gives it by the labels of others, and how sure it is; null where none was asked. */
  suggestion: z.object({ class: z.string(), confidence: z.number() }).nullable(),
  /** How odd it is beside ordinary images; null where that is not known. */
  odd: z.number().nullable(),
})
export type DatasetImage = z.infer<typeof datasetImage>

/**
 * Why two images are a pair: nearly the same pixels, the same file, nearly the same to a checkpoint; any of these where one is
 * trained on and the other held out.
 */
export const pairKind = z.enum(['near', 'identical', 'alike', 'leaked'])
export type PairKind = z.infer<typeof pairKind>

/**
 * What may be wrong with an image; `small` ones are below the image size of the smallest preset, of `doubted` ones a classifier
 * says by the labels of all others that they are of another class.
 */
export const imageProblem = z.enum([
  ...pairKind.options,
  ...(['small', 'damaged', 'doubted', 'excluded'] as const),
])
export type ImageProblem = z.infer<typeof imageProblem>

/** A checkpoint whose losses of all images may be known. */
const measuredBy = z.object({ run: id, step: count })

/** Which images to show: those that fit every part that is given. Damaged ones are shown only if they are asked for. */
const datasetFilter = z.object({
  /** Names of classes; an empty one for images without. */
  classes: z.array(words(4096)).max(10_000).optional(),
  splits: z.array(split.or(z.literal('none'))).optional(),
  /** Any of these. */
  problems: z.array(imageProblem).optional(),
  /** Any of these. */
  tags: z.array(words(200)).max(1000).optional(),
  /** Suggested classes. */
  suggested: z.array(words(4096)).max(10_000).optional(),
  /** Names of clusters. */
  clusters: z.array(words(200)).max(1000).optional(),
  /** The least oddness. */
  odd: z.number().optional(),
  /** Part of the path. */
  text: words(200).optional(),
  /** These images in this order. */
  paths: z.array(imagePath).max(1000).optional(),
  checkpoint: measuredBy.optional(),
  /** Loss at the checkpoint, inclusive. */
  loss: z.object({ from: z.number(), to: z.number() }).optional(),
  /**
   * `unsure` and `sure` are by the confidence of suggestions, `typical` by the distance from the centre of the cluster, `odd` has the
   * oddest first.
   */
  sort: z.enum(['name', 'size', 'loss', 'unsure', 'sure', 'typical', 'odd']).optional(),
})
export type DatasetFilter = z.infer<typeof datasetFilter>
export type DatasetFilterInput = z.input<typeof datasetFilter>

const page = z.object({ offset: count, limit: z.int().min(1).max(1000) })

const bars = z.array(z.object({ label: z.string(), images: count }))

/** How many images each choice of a part of the filter has, given the other parts. */
export const datasetFacets = z.object({
  total: count,
  classes: z.array(z.object({ name: z.string(), images: count })),
  splits: z.array(z.object({ split: split.or(z.literal('none')), images: count })),
  problems: z.record(imageProblem, count),
  tags: z.array(z.object({ name: z.string(), images: count })),
  /** Of the images without a class. */
  suggested: z.array(z.object({ name: z.string(), images: count })),
  clusters: z.array(z.object({ name: z.string(), images: count })),
  /** The losses at the checkpoint in equal bins from `low` to `high`; null where none are known. */
  loss: z.object({ low: z.number(), high: z.number(), median: z.number(), bins: z.array(count) }).nullable(),
})
export type DatasetFacets = z.infer<typeof datasetFacets>

/** What to know before training about the readable images that are not excluded. */
export const datasetReport = z.object({
  /** Fully decoded images; copies and damage are known only for these. */
  checked: count,
  formats: bars,
  shorterSides: bars,
  /** Square, wider and taller images. */
  shapes: bars,
  /** Images whose shorter side is below the image size of a preset. */
  smaller: z.array(z.object({ side: count, images: count })),
  /** When every image was checked and how long that took; null if some are not. */
  check: z.object({ at: time, seconds: z.number() }).nullable(),
  /** Copies of other images that are neither excluded nor kept on purpose: identical files, and near-duplicates. */
  identical: count,
  near: count,
  /** Pairs that a checkpoint takes for nearly the same, and pairs of all kinds between images for training and held-out ones. */
  alike: count,
  leaked: count,
  /** By which checkpoint, from which similarity on and when that was found; null where it was not since the images changed. */
  compared: z.object({ run: id, step: count, similarity: z.number(), at: time }).nullable(),
  /** Mean and standard deviation of red, green and blue, 0 to 1; null before a check. */
  statistics: z.object({ mean: z.array(z.number()), deviation: z.array(z.number()) }).nullable(),
})
export type DatasetReport = z.infer<typeof datasetReport>

/** What a person says of images; `accept` gives each the class that is suggested for it. */
const labelChange = z.object({
  /** Null for that of the folder. */
  class: words(200, 1).nullable().optional(),
  tag: z.object({ name: words(200, 1), on: z.boolean() }).optional(),
  excluded: z.boolean().optional(),
  accept: z.boolean().optional(),
})
export type LabelChange = z.infer<typeof labelChange>

/** How well a classifier by the labels so far names images. */
export const suggested = z.object({
  /** Images with a class, and without. */
  labelled: count,
  unlabelled: count,
  classes: z.array(z.object({ name: z.string(), images: count })),
  /** Labelled images that are named right without their own label; null where there are too few classes or labels. */
  right: count.nullable(),
  seconds: z.number(),
})
export type Suggested = z.infer<typeof suggested>

/** Images that look alike to a checkpoint. */
export const imageCluster = z.object({
  name: z.string(),
  images: count,
  /** The class that most of its images have, and how many these are; null where none has one. */
  mostly: z.object({ class: z.string(), images: count }).nullable(),
  /** The images nearest to its centre, the nearest first. */
  typical: z.array(datasetImage),
})
export type ImageCluster = z.infer<typeof imageCluster>
export const clusterCount = { least: 2, most: 100 }

/** The images that all are compared with to find odd ones; every image where none are named. */
const oddOrdinary = datasetFilter.pick({ classes: true, splits: true, tags: true })
export type OddOrdinary = z.infer<typeof oddOrdinary>

/** How odd images are beside ordinary ones: the largest distance of their patches from the nearest ordinary patch. */
const oddImages = measuredBy.extend({
  ordinary: oddOrdinary,
  at: time,
  images: count,
  /** From which score on images are taken for odd, and how many that are. */
  threshold: z.number(),
  above: count,
  /** The scores in equal bins from `low` to `high`. */
  low: z.number(),
  high: z.number(),
  bins: z.array(count),
})
export type OddImages = z.infer<typeof oddImages>

const duplicatePair = z.object({
  copy: datasetImage,
  of: datasetImage,
  /** Differing bits of their 128-bit hashes, where they look alike, or cosine of their features, where they do to a checkpoint. */
  distance: count.nullable(),
  similarity: z.number().nullable(),
})
export type DuplicatePair = z.infer<typeof duplicatePair>

export const datasetCalls = {
  'datasets.list': call(nothing, z.array(dataset)),
  /** Adds a folder and scans it. Returns the existing data set if the folder is known. */
  'datasets.add': call(z.object({ folder: hostPath }), dataset),
  /** Adds the images that ship with the app. */
  'datasets.addSample': call(nothing, dataset),
  'datasets.rescan': call(z.object({ id }), dataset),
  'datasets.stopScan': call(z.object({ id }), nothing),
  /** Takes another folder for one that moved: name and exclusions go along. The data set gets another id. */
  'datasets.locate': call(z.object({ id, folder: hostPath }), dataset),
  /** Watches the folder from now on; changes are reported by `datasets.changed`. */
  'datasets.watch': call(z.object({ id }), nothing),
  'datasets.rename': call(z.object({ id, name: words(200, 1) }), dataset),
  /** Forgets a data set. Its files stay as they are. */
  'datasets.remove': call(z.object({ id }), nothing),
  'datasets.images': call(
    datasetFilter.extend({ id, ...page.shape }),
    z.object({ total: count, images: z.array(datasetImage) }),
  ),
  'datasets.facets': call(datasetFilter.extend({ id }), datasetFacets),
  /** Some readable images, evenly spread. */
  'datasets.sample': call(z.object({ id, count: z.int().min(1).max(100) }), z.array(datasetImage)),
  'datasets.unreadable': call(
    page.extend({ id }),
    z.object({ total: count, files: z.array(z.object({ path: z.string(), reason: z.string() })) }),
  ),
  /** Decodes every image that was not checked yet, or all `again`, to find damage and copies. */
  'datasets.check': call(z.object({ id, again: z.boolean().default(false) }), dataset),
  'datasets.report': call(z.object({ id }), datasetReport),
  /** Pairs that are neither excluded nor kept on purpose, the most alike first. */
  'datasets.duplicates': call(
    page.extend({ id, kind: pairKind }),
    z.object({ total: count, pairs: z.array(duplicatePair) }),
  ),
  /** Keeps both images of a pair for good, or asks about them again. */
  'datasets.keepPair': call(z.object({ id, copy: count, of: count, kept: z.boolean() }), dataset),
  /** Excludes the copy of each pair of a kind; of those that leaked, the image that is trained on. */
  'datasets.excludeDuplicates': call(z.object({ id, kind: pairKind }), dataset),
  /** Finds images whose features by the checkpoint are at least that similar, in place of those found before. */
  'datasets.findAlike': call(
    measuredBy.extend({ id, similarity: z.number().min(0.5).max(1) }),
    datasetReport,
  ),
  /** Changes what a person says of images: class, tags, whether they are left out. Rescans keep this. */
  'datasets.label': call(z.object({ id, images: z.array(count), change: labelChange }), dataset),
  /** Takes back what was done last to images. */
  'datasets.undo': call(z.object({ id }), dataset),
  /** Suggests a class for each image without one, by the labels of the others and the features of a measured checkpoint. */
  'datasets.suggest': call(measuredBy.extend({ id }), suggested),
  /** Keeps the classifier of the labels of now under a name, for `saim predict`. */
  'datasets.keepClassifier': call(
    measuredBy.extend({ id, name: words(200, 1) }),
    z.object({ path: filePath, bytes: count }),
  ),
  /** Gives a tag to so many of the measured images that differ as much as they can by what the checkpoint sees. */
  'datasets.tagDiverse': call(measuredBy.extend({ id, count: z.int().min(1), tag: words(200, 1) }), dataset),
  /** Divides the measured images into clusters that look alike to the checkpoint, in place of those before. */
  'datasets.cluster': call(
    measuredBy.extend({ id, count: z.int().min(clusterCount.least).max(clusterCount.most) }),
    z.array(imageCluster),
  ),
  /** The clusters, the largest first. */
  'datasets.clusters': call(z.object({ id }), z.array(imageCluster)),
  /** Gives a cluster another name; of two clusters of one name comes one. */
  'datasets.renameCluster': call(
    z.object({ id, from: words(200, 1), to: words(200, 1) }),
    z.array(imageCluster),
  ),
  /**
   * Takes images elsewhere: copied or hard-linked into a new folder with one for each class, or written as a table or as COCO's
   * annotations. No file of the data set is changed. Answers what was made, and of how many images.
   */
  'datasets.take': call(
    z.object({
      id,
      images: z.array(count).max(1_000_000),
      folder: hostPath,
      as: z.enum(['copies', 'links', 'csv', 'coco']),
    }),
    z.object({ path: filePath, images: count }),
  ),
  /**
   * Says of each image how odd it is beside ordinary ones, in place of what was known, and reports `datasets.findingOdd`. Answers at the
   * end; false if it was stopped, when what was known stays.
   */
  'datasets.findOdd': call(measuredBy.extend({ id, ordinary: oddOrdinary }), z.boolean()),
  'datasets.stopFindingOdd': call(z.object({ id }), nothing),
  /** What was found, null if nothing was; how far the finding is, null if none is under way. */
  'datasets.odd': call(
    z.object({ id }),
    z.object({ found: oddImages.nullable(), share: z.number().nullable() }),
  ),
  /** Sets from which score on images are taken for odd. */
  'datasets.setOddThreshold': call(z.object({ id, threshold: z.number() }), oddImages.nullable()),
  /** The distance of each patch of an image, row by row; null where it is not known. */
  'datasets.oddPatches': call(z.object({ id, image: count }), z.array(z.number()).nullable()),
  /** Writes how odd each image is as a new CSV file. */
  'datasets.exportOdd': call(z.object({ id, folder: hostPath }), z.object({ path: filePath, bytes: count })),
  /** Writes what a person said of images as a CSV file, and reads such a file. */
  'datasets.exportLabels': call(
    z.object({ id, folder: hostPath }),
    z.object({ path: filePath, bytes: count }),
  ),
  'datasets.importLabels': call(z.object({ id, text: words(900_000), name: words(400) }), dataset),
} as const

export const datasetEvents = {
  'datasets.changed': dataset,
  'datasets.removed': z.object({ id }),
  /** How far the finding of odd images is, 0 to 1; null at its end. */
  'datasets.findingOdd': z.object({ id, share: z.number().nullable() }),
} as const
