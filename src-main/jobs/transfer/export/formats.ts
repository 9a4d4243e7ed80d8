import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ExportFormat } from '#shared/contract'
import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { appVersion } from '#shared/version'
import { encodeModel } from '#engine/onnx/encode'
import { exportResources } from '#platform/paths'
import type { PixelStatistics } from '#model/augment/crop'
import type { FileContents } from '#formats/bytes'
import { authors, huggingFace, type Layout, timm } from '#formats/layouts'
import type { ImageModel } from '#inference/image-model'
import { modelGraph } from './trace'
import { encodePth } from '#formats/pytorch/write'
import { encodeSafetensors } from '#formats/safetensors'
import type { FloatTensors } from '#formats/tensors'
import { encodeGraphModel } from '#formats/tfjs/write'

export type Files = Record<string, FileContents>

/** The weights of a checkpoint, or of what was fine-tuned from one, as they are exported. */
export interface Source {
  h: Hyperparameters
  weights: FloatTensors
  model: ImageModel
  epoch: number
  /** By which the model's images are normalised. */
  statistics: PixelStatistics
  /** What a classifier tells apart, in the order of its outputs. */
  classes?: string[]
}

interface Format {
  /** The file that holds the weights, and their names in it; null where the file is a graph. */
  weights: { file: string; layout: Layout } | null
  files(source: Source): Files
  /** Bytes of weights that a file of the format can hold. */
  most: number
  /** The example, in resources/exports. */
  example: `${string}/example.py` | `${string}/index.html`
}

/** A message of protobuf has at most 2 GiB, an archive as it is written here 4 GiB; some of it is no weight. */
const [protobufLimit, archiveLimit] = [2 ** 31 - 2 ** 24, 2 ** 32 - 2 ** 24]

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`

const safetensors = (tensors: FloatTensors, h: Hyperparameters) =>
  encodeSafetensors(tensors, { format: 'pt', saim: JSON.stringify(h) })

/** With what a program needs to know beside the graph: how images are normalised and what the classes are called. */
const onnx = ({ model, weights, statistics: { mean, deviation }, classes }: Source) =>
  encodeModel(modelGraph(model, weights, { channelsFirst: true }), {
    mean: JSON.stringify(mean),
    deviation: JSON.stringify(deviation),
    ...(classes && { classes: JSON.stringify(classes) }),
  })

export const formats: Record<ExportFormat, Format> = {
  safetensors: {
    weights: { file: 'model.safetensors', layout: authors },
    files: ({ h, weights }) => ({ 'model.safetensors': safetensors(authors.write(weights, h), h) }),
    most: Infinity,
    example: 'authors/example.py',
  },
  pytorch: {
    weights: { file: 'checkpoint.pth', layout: authors },
    files: ({ h, weights, epoch }) => ({
      'checkpoint.pth': encodePth(authors.write(weights, h), Math.floor(epoch)),
    }),
    most: archiveLimit,
    example: 'authors/example.py',
  },
  timm: {
    weights: { file: 'model.safetensors', layout: timm },
    files: ({ h, weights, statistics }) => ({
      'config.json': json(timmConfig(h, statistics)),
      'model.safetensors': safetensors(timm.write(weights, h), h),
    }),
    most: Infinity,
    example: 'timm/example.py',
  },
  huggingface: {
    weights: { file: 'model.safetensors', layout: huggingFace },
    files: ({ h, weights, statistics }) => ({
      'config.json': json(huggingFaceConfig(h)),
      'preprocessor_config.json': json(preprocessorConfig(h, statistics)),
      'model.safetensors': safetensors(huggingFace.write(weights, h), h),
    }),
    most: Infinity,
    example: 'huggingface/example.py',
  },
  onnx: {
    weights: null,
    files: (source) => ({ 'encoder.onnx': onnx(source) }),
    most: protobufLimit,
    example: 'onnx/example.py',
  },
  classifier: {
    weights: null,
    files: (source) => ({ 'classifier.onnx': onnx(source) }),
    most: protobufLimit,
    example: 'classifier/example.py',
  },
  tfjs: {
    weights: null,
    files: ({ model, weights }) =>
      encodeGraphModel(modelGraph(model, weights, { channelsFirst: false }), appVersion),
    most: Infinity,
    example: 'tfjs/index.html',
  },
}

/** The files of the example, by their names. */
export async function exampleOf(format: ExportFormat): Promise<Files> {
  const { example } = formats[format]
  const names = example.endsWith('.py') ? [example, 'reading.py'] : [example]
  const files = names.map(async (name) => [
    path.basename(name),
    await readFile(path.join(exportResources(), name)),
  ])
  return Object.fromEntries(await Promise.all(files))
}

/** What timm.create_model('local-dir:...') reads; any timm ViT serves as the architecture, since all sizes are given. */
const timmConfig = (h: Hyperparameters, { mean, deviation }: PixelStatistics) => ({
  architecture: 'vit_base_patch16_224',
  num_classes: 0,
  num_features: h.width,
  global_pool: 'avg',
  model_args: {
    img_size: h.imageSize,
    patch_size: h.patchSize,
    embed_dim: h.width,
    depth: h.depth,
    num_heads: h.heads,
    ...(h.registers && { reg_tokens: h.registers }),
    global_pool: 'avg',
    final_norm: false,
  },
  pretrained_cfg: {
    input_size: [3, h.imageSize, h.imageSize],
    interpolation: 'bicubic',
    crop_pct: 1,
    mean,
    std: deviation,
    num_classes: 0,
    pool_size: null,
    first_conv: 'patch_embed.proj',
    classifier: 'head',
  },
})

const huggingFaceConfig = (h: Hyperparameters) => ({
  ...(h.registers ? withRegisters(h) : { architectures: ['ViTModel'], model_type: 'vit' }),
  image_size: h.imageSize,
  patch_size: h.patchSize,
  num_channels: 3,
  hidden_size: h.width,
  num_hidden_layers: h.depth,
  num_attention_heads: h.heads,
  intermediate_size: 4 * h.width,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-6,
  qkv_bias: true,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  torch_dtype: 'float32',
})

/** Of Hugging Face's models with our blocks DINOv2's alone has registers. */
const withRegisters = ({ registers }: Hyperparameters) => ({
  architectures: ['Dinov2WithRegistersModel'],
  model_type: 'dinov2_with_registers',
  num_register_tokens: registers,
  mlp_ratio: 4,
  use_swiglu_ffn: false,
})

const preprocessorConfig = (h: Hyperparameters, { mean, deviation }: PixelStatistics) => ({
  image_processor_type: 'ViTImageProcessor',
  do_resize: true,
  size: { height: h.imageSize, width: h.imageSize },
  resample: 3,
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: mean,
  image_std: deviation,
})
