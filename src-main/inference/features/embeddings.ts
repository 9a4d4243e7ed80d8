import type { ImageFile } from '#images/manifest'
import { orders } from '#model/objectives/order'
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
  seed?: number
  patchTokens?: boolean
  onProgress?(done: number): void
  /** Checked between batches. */
  stopped?(): boolean
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

/** Embeds images of a folder, centre-cropped. If stopped, it returns what is done. */
export async function embed(
  model: CheckpointModel,
  folder: string,
  images: ImageFile[],
  { seed = 0, patchTokens = false, onProgress, stopped }: EmbedOptions = {},
): Promise<Embeddings> {
  const { h, statistics } = model
  const indices: number[] = []
  const parts: Record<FeatureName, Float32Array[]> = {
    classToken: [],
    pooled: [],
    losses: [],
    patchTokens: [],
  }
  const wanted = featureNames.filter((name) => name !== 'patchTokens' || patchTokens)
  const list = { folder, images, statistics, decoders: 0 }
  const ask = (pixels: Float32Array, places: number[]) =>
    model.ask(question, { images: pixels, order: orders(h, seed, 0, places) })
  for await (const { places, rows, done } of overImages(
    list,
    { size: h.imageSize, batch: batchSize, stopped },
    ask,
  )) {
    indices.push(...places)
    for (const name of wanted) parts[name].push(rows[name]!)
    onProgress?.(done)
  }
  return {
    indices,
    width: h.width,
    classToken: joined(parts.classToken),
    pooled: joined(parts.pooled),
    patchTokens: patchTokens ? joined(parts.patchTokens) : null,
    loss: joined(parts.losses),
  }
}

const featureNames = ['classToken', 'pooled', 'losses', 'patchTokens'] as const
type FeatureName = (typeof featureNames)[number]
