import type { ImageFile } from '#images/manifest'
import { ordersWithPlaces } from '#model/objectives/order'
import { imageInputs, validationStep } from '#model/objectives/pretrain'
import type { CheckpointModel, Question } from '#inference/checkpoint-model'
import { joined, overImages } from '#inference/over-images'
import { featuresStep } from './features-step'

/** The embeddings of a folder's images; unreadable images are left out. */
export interface Embeddings {
  /** Indices of the images in the list that was embedded. */
  indices: number[]
  width: number
  /** [n, width] each, of the last block at full visibility: the class token and the mean of the patch tokens. */
  classToken: Float32Array
  pooled: Float32Array
  /** [n, N, width], only if requested. */
  patchTokens: Float32Array | null
  /** Loss of pre-training of each image, in one order of its own. */
  loss: Float32Array
}

interface EmbedOptions {
  /** Seed of the orders in which the loss is computed. */
  seed?: number | undefined
  patchTokens?: boolean
  onProgress?(done: number): void
  /** Checked between batches. */
  stopped?: (() => boolean) | undefined
}

const batchSize = 32

const question: Question = {
  name: 'embed',
  step: (h) => (w, inputs) => ({
    outputs: {
      ...featuresStep(h, ['classToken', 'pooled', 'patchTokens'])(w, inputs).outputs,
      ...validationStep(h)(w, inputs).outputs,
    },
  }),
  inputs: (h) => imageInputs(h, batchSize),
}

/**
 * Class token, mean of the patch tokens, patch tokens and loss of images of a folder, centre-cropped, a batch at a time.
 * `placeOf` is the place of each image in a longer list, by which the orders of patches are drawn.
 */
export const embedBatches = (
  model: CheckpointModel,
  folder: string,
  images: ImageFile[],
  {
    seed = 0,
    placeOf = (i) => i,
    stopped,
  }: Pick<EmbedOptions, 'seed' | 'stopped'> & { placeOf?: (i: number) => number } = {},
) =>
  overImages(
    { folder, images, statistics: model.statistics, decoders: 0 },
    { size: model.h.imageSize, batch: batchSize, stopped },
    (pixels, places) =>
      model.ask(question, {
        images: pixels,
        order: ordersWithPlaces(model.h, seed, 0, places.map(placeOf)),
      }),
  )

/** Embeds images of a folder, centre-cropped. If stopped, it returns what is done. */
export async function embed(
  model: CheckpointModel,
  folder: string,
  images: ImageFile[],
  { seed = 0, patchTokens = false, onProgress, stopped }: EmbedOptions = {},
): Promise<Embeddings> {
  const indices: number[] = []
  const parts: Record<FeatureName, Float32Array[]> = {
    classToken: [],
    pooled: [],
    losses: [],
    patchTokens: [],
  }
  const wanted = featureNames.filter((name) => name !== 'patchTokens' || patchTokens)
  for await (const { places, rows, done } of embedBatches(model, folder, images, { seed, stopped })) {
    indices.push(...places)
    for (const name of wanted) parts[name].push(rows[name]!)
    onProgress?.(done)
  }
  return {
    indices,
    width: model.h.width,
    classToken: joined(parts.classToken),
    pooled: joined(parts.pooled),
    patchTokens: patchTokens ? joined(parts.patchTokens) : null,
    loss: joined(parts.losses),
  }
}

const featureNames = ['classToken', 'pooled', 'losses', 'patchTokens'] as const
type FeatureName = (typeof featureNames)[number]

/** The mean of the patch tokens of one image alone, at length 1, as it is kept of each image of a measured data set. */
export const pooledOf: Question = {
  name: 'pooled',
  step: (h) => featuresStep(h, ['pooled']),
  inputs: (h) => ({ images: imageInputs(h, 1)['images']! }),
}
