import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { normals, purposes, uniforms } from '#shared/random'
import { sizeOf } from '#model/tensor/step'
import { patchCount } from './order'
import { positionTable } from '#model/vit/positions'

type Shapes = Record<string, number[]>

/** Shapes of all trainable weights by the names of the authors' state_dict (of SAIM, or of MAE), in its order. */
export function weightShapes(h: Hyperparameters): Shapes {
  const pixels = h.patchSize ** 2 * 3
  const encoder = {
    cls_token: [1, 1, h.width],
    ...(h.positions === 'learned' ? { pos_embed: [1, 1 + patchCount(h), h.width] } : {}),
    'patch_embed.proj.weight': [h.width, 3, h.patchSize, h.patchSize],
    'patch_embed.proj.bias': [h.width],
    ...blocks('blocks', h.depth, h.width),
  }
  if (h.objective === 'mae') return { ...encoder, ...norm('norm', h.width), ...maeDecoder(h, pixels) }
  return {
    ...encoder,
    ...(h.shareWeights ? {} : blocks('query_blocks', h.queryDepth, h.width)),
    ...norm('norm', h.width),
    ...head(h, pixels),
  }
}

/** How many values all weights have together. */
export const weightCount = (h: Hyperparameters): number =>
  Object.values(weightShapes(h)).reduce((sum, shape) => sum + sizeOf(shape), 0)

const maeDecoder = ({ width, decoderWidth, decoderDepth }: Hyperparameters, pixels: number): Shapes => ({
  mask_token: [1, 1, decoderWidth],
  ...linear('decoder_embed', width, decoderWidth),
  ...blocks('decoder_blocks', decoderDepth, decoderWidth),
  ...norm('decoder_norm', decoderWidth),
  ...linear('decoder_pred', decoderWidth, pixels),
})

const blocks = (name: string, depth: number, width: number): Shapes =>
  Object.assign({}, ...Array.from({ length: depth }, (_, i) => block(`${name}.${i}`, width)))

const block = (name: string, width: number): Shapes => ({
  ...norm(`${name}.norm1`, width),
  ...linear(`${name}.attn.q`, width, width),
  ...linear(`${name}.attn.k`, width, width),
  ...linear(`${name}.attn.v`, width, width),
  ...linear(`${name}.attn.proj`, width, width),
  ...norm(`${name}.norm2`, width),
  ...mlp(`${name}.mlp`, width, width),
})

const norm = (name: string, width: number): Shapes => ({
  [`${name}.weight`]: [width],
  [`${name}.bias`]: [width],
})

const linear = (name: string, from: number, to: number): Shapes => ({
  [`${name}.weight`]: [to, from],
  [`${name}.bias`]: [to],
})

const mlp = (name: string, from: number, to: number): Shapes => ({
  ...linear(`${name}.fc1`, from, 4 * from),
  ...linear(`${name}.fc2`, 4 * from, to),
})

function head(h: Hyperparameters, pixels: number): Shapes {
  if (h.head === 'mlp') return mlp('prediction_head', h.width, pixels)
  if (h.head === 'linear') return linear('prediction_head', h.width, pixels)
  return { ...block('prediction_head.block', h.width), ...linear('prediction_head.fc', h.width, pixels) }
}

/**
 * Initial weights: xavier-uniform matrices (the patch embedding as a linear), class and mask token normal with
 * deviation .02, LayerNorm weights 1, biases 0 (DESIGN.md section 1), learned positions as the fixed ones. All of them, or
 * those that are `wanted`.
 */
export function initialWeights(
  h: Hyperparameters,
  seed: number,
  wanted: (name: string) => boolean = () => true,
) {
  return Object.fromEntries(
    Object.entries(weightShapes(h)).flatMap(([name, shape], index) =>
      wanted(name) ? [[name, { shape, values: initialValues(name, shape, seed, index) }]] : [],
    ),
  )
}

function initialValues(name: string, shape: number[], seed: number, index: number): Float32Array {
  const size = shape.reduce((a, b) => a * b)
  if (name === 'cls_token' || name === 'mask_token')
    return Float32Array.from(normals(seed, purposes.weights, index, 0, size), (z) => 0.02 * z)
  if (name === 'pos_embed') return positionTable(Math.sqrt(shape[1]! - 1), shape[2]!)
  if (shape.length === 1) return new Float32Array(size).fill(name.endsWith('.weight') ? 1 : 0)
  const [fanOut, fanIn] = [shape[0]!, size / shape[0]!]
  const bound = Math.sqrt(6 / (fanIn + fanOut))
  const values = new Float32Array(size)
  const u = uniforms(seed, purposes.weights, index, 0, size)
  for (let i = 0; i < size; i++) values[i] = (2 * u[i]! - 1) * bound
  return values
}
