import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { decodeSafetensors } from '#formats/safetensors'
import type { NamedTensorData } from '#model/tensor/step'
import { reasonOf } from '#shared/system-errors'

/** What every manifest of reference data has. Its names are those of the authors' code, as are the defaults. */
const common = {
  batch: z.number(),
  losses: z.array(z.number()),
  learning_rates: z.array(z.number()),
}
const encoder = z.object({
  img_size: z.number().default(224),
  patch_size: z.number().default(16),
  embed_dim: z.number().default(1024),
  depth: z.number().default(24),
  num_heads: z.number().default(16),
})

/** The settings of a manifest's encoder. */
export const encoderSettings = (config: z.infer<typeof encoder>) => ({
  imageSize: config.img_size,
  patchSize: config.patch_size,
  width: config.embed_dim,
  depth: config.depth,
  heads: config.num_heads,
})

const pretraining = z.object({
  kind: z.literal('pretrain').default('pretrain'),
  config: encoder.extend({
    query_depth: z.number().default(12),
    share_weight: z.boolean().default(false),
    prediction_head_type: z.string().default('MLP'),
    gaussian_kernel_size: z.number().nullish(),
    gaussian_sigma: z.number().nullish(),
    loss_type: z.enum(['L1', 'L2']).default('L2'),
    norm_pix_loss: z.boolean().default(true),
  }),
  ...common,
  optimizer: z.object({ betas: z.tuple([z.number(), z.number()]), weight_decay: z.number() }),
})
export type PretrainingManifest = z.infer<typeof pretraining>

const recognition = {
  config: encoder,
  classes: z.number(),
  /** In words: of patches, or of the class token. */
  pooling: z.string(),
  ...common,
}
const fineTuning = z.object({
  kind: z.literal('finetune'),
  ...recognition,
  optimizer: z.object({
    betas: z.tuple([z.number(), z.number()]),
    weight_decay: z.number(),
    layer_decay: z.number().default(1),
  }),
  /** Of each weight its share of the learning rate and its decay. */
  groups: z.record(z.string(), z.tuple([z.number(), z.number()])),
})
export type FineTuningManifest = z.infer<typeof fineTuning>

const probe = z.object({
  kind: z.literal('probe'),
  ...recognition,
  optimizer: z.object({
    name: z.enum(['SGD', 'LARS']),
    momentum: z.number(),
    weight_decay: z.number().default(0),
  }),
})
export type ProbeManifest = z.infer<typeof probe>

const manifest = z.union([fineTuning, probe, pretraining])

/** A folder of reference data (docs/method.md, "Reference data"). Throws AppError where it is none. */
export function readManifest(folder: string): z.infer<typeof manifest> {
  const file = path.join(folder, 'manifest.json')
  const text = readPart(file).toString()
  try {
    return manifest.parse(JSON.parse(text))
  } catch (error) {
    throw new AppError(
      'file-unusable',
      `${file} is not a manifest of reference data: ${reasonOf(error)}.`,
      'Name a folder of reference data.',
    )
  }
}

/** The tensors of a part such as `forward`. Throws AppError folder-missing. */
export const readTensors = (folder: string, part: string): NamedTensorData =>
  decodeSafetensors(readPart(path.join(folder, `${part}.safetensors`))).tensors as NamedTensorData

function readPart(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    throw new AppError('folder-missing', `${file} cannot be read.`, 'Name a folder of reference data.')
  }
}

/** Images [B, 3, S, S] as [B, S, S, 3]. */
export function channelsLast({ shape, values }: NamedTensorData[string]): Float32Array {
  const [batch, channels, size] = shape as [number, number, number]
  const plane = size * size
  const result = new Float32Array(values.length)
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < plane; i++)
        result[(b * plane + i) * channels + c] = values[(b * channels + c) * plane + i]!
  return result
}
