import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { ImageFile } from '#images/manifest'
import type { StepFunction } from '#model/tensor/step'
import { orders } from '#model/objectives/order'
import { imageInputs, validationStep } from '#model/objectives/pretrain'
import { encode } from '#model/vit/encoder'
import type { CheckpointModel, Question } from '#inference/checkpoint-model'
import { joined, overImages } from '#inference/over-images'

/** What a model makes of each image of a folder; images that can not be read are left out. */
export interface Embeddings {
  /** The images' places in the list that was embedded. */
  indices: number[]
  width: number
  /** [n, width] each, of the last block at full visibility: the class token and the mean of the patch tokens. */
  classToken: Float32Array
  pooled: Float32Array
  /** [n, N, width], only where asked for. */
  patchTokens: Float32Array | null
  /** Loss of pre-training of each image, in one order of its own. */
  loss: Float32Array
}

interface EmbedOptions {
  /** Of the orders in which the loss is taken. */
  seed?: number
  patchTokens?: boolean
  onProgress?(done: number): void
  /** Asked between batches. */
  stopped?(): boolean
}

const batchSize = 32

const question: Question = {
  name: 'embed',
  step: embedStep,
  inputs: (h) => imageInputs(h, batchSize),
}

/** Embeds images of a folder, centre-cropped. Where it was stopped, what was done is answered. */
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

function embedStep(h: Hyperparameters): StepFunction {
  return (w, inputs) => {
    const tokens = encode(w, h, inputs['images']!).at(-1)! // [B, 1+N, C]
    const patchTokens = tokens.slice([0, 1, 0], [-1, -1, -1])
    return {
      outputs: {
        classToken: tokens.slice([0, 0, 0], [-1, 1, -1]).reshape([-1, h.width]),
        patchTokens,
        pooled: patchTokens.mean(1),
        ...validationStep(h)(w, inputs).outputs,
      },
    }
  }
}
