import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import { isEncoderName } from '#model/vit/encoder'
import { positionTable } from '#model/vit/positions'
import { type FloatTensors, stack, unstack } from './tensors'

/**
 * The encoder's weights under the names of other libraries. All have the same mathematics: pre-norm blocks, LayerNorm
 * epsilon 1e-6, GELU with erf. None has the decoder (query blocks, norm, prediction head).
 */
export interface Layout {
  /** Its weights from ours, positions among them. */
  write(weights: FloatTensors, h: Hyperparameters): FloatTensors
  /** Ours from its, as far as they are there; names that are not its own stay as they are. */
  read(weights: FloatTensors): FloatTensors
}

const positionsName = 'pos_embed'

/** [1, 1+N, C]: zeros for the class token, then the fixed sine-cosine embedding of each patch. */
export function positions(h: Hyperparameters): FloatTensors[string] {
  const count = patchCount(h)
  return { shape: [1, 1 + count, h.width], values: positionTable(Math.sqrt(count), h.width) }
}

/** Our weights of the encoder, with positions: learned ones are among them. */
export const encoderWeights = (weights: FloatTensors, h: Hyperparameters): FloatTensors => ({
  [positionsName]: positions(h),
  ...Object.fromEntries(Object.entries(weights).filter(([name]) => isEncoderName(name))),
})

/** The Gaussian by which the target is smoothed, for each channel: [3, 1, k, k], each of sum 1. */
function blurKernel({ blurSize: size, blurSigma: sigma }: Hyperparameters): FloatTensors[string] {
  const line = Array.from({ length: size }, (_, i) => Math.exp(-(((i - (size - 1) / 2) / sigma) ** 2) / 2))
  const sum = line.reduce((a, b) => a + b)
  const plane = line.flatMap((a) => line.map((b) => (a * b) / sum ** 2))
  return { shape: [3, 1, size, size], values: Float32Array.from([...plane, ...plane, ...plane]) }
}

/** The names of the authors' code, with the position embedding and the blur that it keeps among its weights. */
export const authors: Layout = {
  write: (weights, h) => ({
    [positionsName]: positions(h),
    ...weights,
    ...(h.blurSize ? { 'gaussian_blur.weight': blurKernel(h) } : {}),
  }),
  read: (weights) => weights,
}

/** A table [1, 1+N, C] with rows of zeros after the first. */
function withRows({ shape, values }: FloatTensors[string], count: number): FloatTensors[string] {
  const [, tokens, width] = shape as [number, number, number]
  const table = new Float32Array(values.length + count * width)
  table.set(values.subarray(0, width))
  table.set(values.subarray(width), (1 + count) * width)
  return { shape: [1, tokens + count, width], values: table }
}

const qkv = (block: string, kind: string) => ['q', 'k', 'v'].map((name) => `${block}.attn.${name}.${kind}`)

/** timm's name of the registers, for which its table of positions has rows as well: zeros. */
const timmRegisters = 'reg_token'

/** timm's names: the authors', with query, key and value as one matrix. MAE uses the same. */
export const timm: Layout = {
  write(weights, h) {
    const { register_tokens: registers, ...ours } = encoderWeights(weights, h)
    if (registers) {
      ours[timmRegisters] = registers
      ours[positionsName] = withRows(ours[positionsName]!, h.registers)
    }
    return Object.fromEntries(
      Object.entries(ours).flatMap(([name, tensor]): [string, FloatTensors[string]][] => {
        const part = /^(.*)\.attn\.([qkv])\.(weight|bias)$/.exec(name)
        if (!part) return [[name, tensor]]
        const [, block, letter, kind] = part as unknown as [string, string, string, string]
        if (letter !== 'q') return []
        return [[`${block}.attn.qkv.${kind}`, stack(qkv(block, kind).map((n) => ours[n]!))]]
      }),
    )
  },
  read: (weights) =>
    Object.fromEntries(
      Object.entries(weights).flatMap(([name, tensor]) => {
        const part = /^(.*)\.attn\.qkv\.(weight|bias)$/.exec(name)
        if (!part) return [[name === timmRegisters ? 'register_tokens' : name, tensor]]
        const parts = unstack(tensor, 3)
        return qkv(part[1]!, part[2]!).map((n, i) => [n, parts[i]!])
      }),
    ),
}

/** [ours, theirs]; {block} is `blocks.3.` here and `encoder.layer.3.` there. */
const huggingFaceNames: [string, string][] = [
  ['cls_token', 'embeddings.cls_token'],
  ['register_tokens', 'embeddings.register_tokens'],
  [positionsName, 'embeddings.position_embeddings'],
  ['patch_embed.proj.', 'embeddings.patch_embeddings.projection.'],
  ['{block}norm1.', '{block}layernorm_before.'],
  ['{block}norm2.', '{block}layernorm_after.'],
  ['{block}attn.q.', '{block}attention.attention.query.'],
  ['{block}attn.k.', '{block}attention.attention.key.'],
  ['{block}attn.v.', '{block}attention.attention.value.'],
  ['{block}attn.proj.', '{block}attention.output.dense.'],
  ['{block}mlp.fc1.', '{block}intermediate.dense.'],
  ['{block}mlp.fc2.', '{block}output.dense.'],
]

/** Where Dinov2WithRegistersModel, which alone has registers, has other names than ViTModel they are ours. */
const registersNames = huggingFaceNames.filter(([ours]) => !/norm|mlp/.test(ours))

/** Factors of 1, which it has at the end of each branch, and a mask token, which only its training uses. */
const ofRegisters = ({ width, depth }: Hyperparameters): FloatTensors => {
  const ones = { shape: [width], values: new Float32Array(width).fill(1) }
  const factors = Array.from({ length: depth }, (_, i) =>
    [1, 2].map((n) => `encoder.layer.${i}.layer_scale${n}.lambda1`),
  )
  return {
    ...Object.fromEntries(factors.flat().map((name) => [name, ones])),
    'embeddings.mask_token': { shape: [1, width], values: new Float32Array(width) },
  }
}

/** Hugging Face's ViTModel, or with registers Dinov2WithRegistersModel. Its last LayerNorm, which this encoder does not have, is written as one that only normalises. */
export const huggingFace: Layout = {
  write(weights, h) {
    const ours = Object.entries(encoderWeights(weights, h))
    const names = h.registers ? registersNames : huggingFaceNames
    return {
      ...Object.fromEntries(ours.map(([name, tensor]) => [huggingFaceName(name, names), tensor])),
      ...(h.registers ? ofRegisters(h) : {}),
      'layernorm.weight': { shape: [h.width], values: new Float32Array(h.width).fill(1) },
      'layernorm.bias': { shape: [h.width], values: new Float32Array(h.width) },
    }
  },
  read: (weights) =>
    Object.fromEntries(
      Object.entries(weights).map(([name, tensor]) => [ourName(name.replace(/^vit\./, '')), tensor]),
    ),
}

const huggingFaceName = (name: string, names: typeof huggingFaceNames) =>
  renamed(
    name.replace(/^blocks\.(\d+)\./, (_, i) => `encoder.layer.${i}.`),
    /^(encoder\.layer\.\d+\.)(.*)$/,
    names,
  )

const ourName = (name: string) =>
  renamed(
    name.replace(/^encoder\.layer\.(\d+)\./, (_, i) => `blocks.${i}.`),
    /^(blocks\.\d+\.)(.*)$/,
    huggingFaceNames.map(([ours, theirs]) => [theirs, ours]),
  )

function renamed(name: string, block: RegExp, names: [from: string, to: string][]): string {
  const [, prefix = '', rest = name] = block.exec(name) ?? []
  const inside = prefix ? `{block}${rest}` : rest
  const found = names.find(([from]) => inside === from || (from.endsWith('.') && inside.startsWith(from)))
  return found ? inside.replace(found[0], found[1]).replace('{block}', prefix) : name
}

/** The layout that names of weights are of, and what a person calls it. */
export function layoutOf(names: string[]): { title: string; layout: Layout } {
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name))
  if (has(/attention\.attention\.query/)) return { title: 'Hugging Face', layout: huggingFace }
  if (has(/^blocks\.\d+\.attn\.qkv\./)) return { title: has(/^decoder_/) ? 'MAE' : 'timm', layout: timm }
  return { title: "the authors' code", layout: authors }
}
