import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { loadCentred } from '#images/batches'
import { Decoders } from '#images/decode/decoders'
import type { ImageFile } from '#images/manifest'
import type { StepFunction } from '#model/tensor/step'
import type { PixelStatistics } from '#model/augment/crop'
import { encode } from '#model/objectives/saim'
import { orders } from '#model/objectives/order'
import { imageInputs, validationStep } from '#model/objectives/pretrain'
import type { CheckpointModel, Question } from '#inference/checkpoint-model'

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
  const source = { folder, images, statistics, decoders: 0 }
  for await (const batch of centredBatches(source, h.imageSize, batchSize)) {
    const places = Array.from({ length: batchSize }, (_, i) => batch.first + i)
    const outputs = await model.ask(question, { images: batch.images, order: orders(h, seed, 0, places) })
    indices.push(...batch.read.map((i) => batch.first + i))
    for (const name of wanted) parts[name].push(pick(outputs[name]!.values as Float32Array, batch.read))
    onProgress?.(Math.min(batch.first + batchSize, images.length))
    if (stopped?.()) break
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

/** Some images of a folder, centre-cropped and normalised. */
interface CentredBatch {
  /** [batch, size, size, 3]; what could not be read, or is beyond the last image, is 0. */
  images: Float32Array
  /** The places in the batch that were read. */
  read: number[]
  /** The place of the batch's first image in the list. */
  first: number
}

/** Images of a folder, and how they are read. */
export interface ImageList {
  folder: string
  images: ImageFile[]
  statistics: PixelStatistics
  /** Threads that decode; 0 chooses. */
  decoders: number
}

/** All images of a list, batch after batch, the next one decoded in threads while one is worked on. Lets messages in. */
export async function* centredBatches(
  { folder, images, statistics, decoders }: ImageList,
  size: number,
  batch: number,
): AsyncGenerator<CentredBatch> {
  const threads = new Decoders(decoders, statistics)
  const load = async (first: number): Promise<CentredBatch> => {
    const files = images.slice(first, first + batch)
    const loaded = await loadCentred(threads, folder, files, size)
    const filled = new Float32Array(batch * size ** 2 * 3)
    filled.set(loaded.images)
    return { images: filled, read: loaded.readable.flatMap((readable, i) => (readable ? [i] : [])), first }
  }
  try {
    let next = load(0)
    for (let first = 0; first < images.length; first += batch) {
      const current = await next
      next = load(first + batch)
      yield current
      await new Promise((resolve) => setImmediate(resolve)) // onnxruntime blocks the loop while it computes
    }
  } finally {
    await threads.close()
  }
}

/** Some rows of [batchSize, ...]. */
function pick(values: Float32Array, rows: number[]): Float32Array {
  const width = values.length / batchSize
  return joined(rows.map((row) => values.subarray(row * width, (row + 1) * width)))
}

export function joined(parts: Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let end = 0
  for (const part of parts) {
    whole.set(part, end)
    end += part.length
  }
  return whole
}
