import { z } from 'zod'
import { call, count, filePath, nothing } from './common'
import { givenPicture, hostPath, id, imagePath } from './strings'

/** Where images are chosen from: the images of a run, or a data set. */
export const imageSource = z.object({ kind: z.enum(['run', 'dataset']), id })
export type ImageSource = z.infer<typeof imageSource>

/** An image by its path below the folder of its source; its thumbnail is at `inspect/thumbnail/<kind>/<id>/<path>`. */
export const imageChoice = z.object({ source: imageSource, path: imagePath })
export type ImageChoice = z.input<typeof imageChoice>

export const orderChoice = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('random'), seed: z.int().min(0).max(0xffffffff) }),
  z.object({ kind: z.literal('raster') }),
  z.object({ kind: z.literal('centre-out') }),
  /** These patches first, counted row by row, then the others row by row. */
  z.object({ kind: z.literal('drawn'), patches: z.array(count).max(262_144) }),
])
export type OrderChoice = z.infer<typeof orderChoice>

/** A question to a checkpoint about an image. */
const question = z.object({ run: id, step: count, image: imageChoice, order: orderChoice })

/** The path of a picture below `files/`. */
const picture = z.string()

export const reconstruction = z.object({
  /** `pattern` is the prediction without the patches' own mean and deviation; null without normalised patches. */
  pictures: z.object({
    original: picture,
    smoothed: picture,
    prediction: picture,
    error: picture,
    pattern: picture.nullable(),
  }),
  loss: z.number(),
  /** order[k] is the patch predicted k-th; patches are counted row by row. */
  order: z.array(count),
  patchLoss: z.array(z.number()),
})
export type Reconstruction = z.infer<typeof reconstruction>

/** How patches are predicted one after the other. */
const unrolling = question.extend({
  /** teacher: from the true patches, as in training; free: from what was predicted before. */
  mode: z.enum(['teacher', 'free']),
  /** Patches at the start that are the image's own. */
  given: count,
})

export const unrolled = z.object({
  original: picture,
  /** The given patches and every prediction. */
  prediction: picture,
  order: z.array(count),
})
export type Unrolled = z.infer<typeof unrolled>

export const attentionView = z.enum(['full', 'content', 'query'])
export type AttentionView = z.infer<typeof attentionView>

export const attention = z.object({
  picture,
  order: z.array(count),
  /** How much the token attends to each token: [blocks][heads][1 + patches], the class token first. */
  maps: z.array(z.array(z.array(z.number()))),
  /** How far patches look, in patches: the mean over all of them, [blocks][heads]. */
  distances: z.array(z.array(z.number())),
})
export type AttentionMaps = z.infer<typeof attention>

export const feature = z.enum(['classToken', 'pooled'])
export type Feature = z.infer<typeof feature>

/** The images to embed with a checkpoint; at most `limit` of them, evenly spaced. */
const embeddings = z.object({ run: id, step: count, source: imageSource, limit: z.int().min(2) })
export type EmbeddingChoice = z.infer<typeof embeddings>

export const embeddingMap = z.object({
  /** One entry for each readable image. */
  paths: z.array(z.string()),
  x: z.array(z.number()),
  y: z.array(z.number()),
  /** Ways to colour the images: `of` is each image's index in `values`. */
  groupings: z.array(z.object({ name: z.string(), values: z.array(z.string()), of: z.array(count) })),
  loss: z.array(z.number()),
})
export type EmbeddingMap = z.infer<typeof embeddingMap>

const foundImage = z.object({ path: z.string(), value: z.number() })
export type FoundImage = z.infer<typeof foundImage>

/** All images of a data set, to be measured with a checkpoint. */
const measured = z.object({ dataset: id, run: id, step: count })
export type MeasuredChoice = z.infer<typeof measured>

export const embeddingFormat = z.enum(['npy', 'csv', 'parquet', 'safetensors'])
export type EmbeddingFormat = z.infer<typeof embeddingFormat>

export const health = z.object({
  step: z.array(z.number()),
  epoch: z.array(z.number()),
  effectiveRank: z.array(z.number()),
  variance: z.array(z.number()),
  uniformity: z.array(z.number()),
  /** Accuracy; null for images without classes. */
  knn: z.array(z.number().nullable()),
})
export type Health = z.infer<typeof health>

export const inspectCalls = {
  /** Paths of the images that a run's checkpoints are shown with. */
  'inspect.fixedImages': call(z.object({ run: id }), z.array(z.string())),
  'inspect.reconstruct': call(question, reconstruction),
  'inspect.unroll': call(unrolling, unrolled),
  /** Writes an unrolling as an animation or as a strip of pictures. */
  'inspect.saveUnrolled': call(
    unrolling.extend({ format: z.enum(['gif', 'png']), folder: hostPath }),
    z.object({ path: filePath, bytes: count }),
  ),
  /** token: 0 the class token, 1 + i patch i. */
  'inspect.attention': call(question.extend({ view: attentionView, token: count }), attention),
  /** Embeds the images and reports `inspect.progress`. Nothing is kept if it is stopped. */
  'inspect.embed': call(embeddings, z.object({ images: count, unreadable: count, seconds: z.number() })),
  /** Stops the embedding or map in progress. */
  'inspect.stop': call(nothing, nothing),
  /** Null if it was stopped before there was anything to show. */
  'inspect.map': call(
    embeddings.extend({ feature, method: z.enum(['pca', 'umap']) }),
    embeddingMap.nullable(),
  ),
  /** The images most similar to one by cosine, nearest first. */
  'inspect.neighbours': call(
    embeddings.extend({ feature, path: imagePath, count: z.int().min(1).max(100) }),
    z.array(foundImage),
  ),
  /** Images by their loss, or by their distance from their nearest neighbours (1 - cosine), largest first. */
  'inspect.extremes': call(
    embeddings.extend({
      by: z.enum(['hard', 'easy', 'odd']),
      feature,
      count: z.int().min(1).max(200),
    }),
    z.array(foundImage),
  ),
  /** How many of each image's nearest neighbours are of its own class, as a share. Empty without classes. */
  'inspect.agreement': call(
    embeddings.extend({ feature }),
    z.array(z.object({ class: z.string(), images: count, share: z.number() })),
  ),
  /**
   * Measures loss and features of those images of a data set that are new or changed, in the background, and reports
   * `inspect.measuring`. Answers at the end; null if it was stopped. Both stay with the data set.
   */
  'inspect.measure': call(measured, z.object({ images: count, seconds: z.number() }).nullable()),
  'inspect.stopMeasuring': call(measured, nothing),
  /** How far a measurement is, null if none is under way; how many images are measured, and how many are not. */
  'inspect.measurement': call(
    measured,
    z.object({ share: z.number().nullable(), images: count, pending: count }),
  ),
  /** The images of the whole data set that are most similar to some of them and to some pictures together, nearest first. */
  'inspect.similar': call(
    measured.extend({
      paths: z.array(imagePath).max(1000),
      pictures: z.array(givenPicture).max(4).default([]),
      count: z.int().min(1).max(1000),
    }),
    z.array(foundImage),
  ),
  'inspect.exportEmbeddings': call(
    embeddings.extend({ format: embeddingFormat, patchTokens: z.boolean(), folder: hostPath }),
    z.object({ path: filePath, bytes: count }),
  ),
  /** The health of a run's representation, as measured during training. */
  'inspect.health': call(z.object({ run: id }), health),
} as const

export const inspectEvents = {
  /** Progress of a long task, 0 to 1. */
  'inspect.progress': z.object({ what: z.enum(['embed', 'map', 'unroll']), share: z.number() }),
  /** Progress of measuring a data set, 0 to 1; null at its end. */
  'inspect.measuring': measured.extend({ share: z.number().nullable() }),
} as const
