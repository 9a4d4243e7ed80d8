import { AppError } from '#shared/errors'
import { isEncoderName } from '#model/vit/encoder'
import type { FloatTensors } from '#formats/tensors'

/** Whether a file's encoder is one of ours, so that its features stay what they are. What would change them is refused. */

/** What weights that a plain ViT does not have belong to. */
const parts: [RegExp, string][] = [
  [/^layer\.\d+\.attention\.q_proj\.|\bstorage_tokens$/, 'rotary positions (DINOv3)'],
  [/\.(q|k)_(layer)?norm\./, 'normalised queries and keys'],
  [
    /^(norm_pre|ln_pre|pre_?lay(er)?norm|layernorm_pre|embeddings\.layernorm)\b/,
    'a LayerNorm before the blocks',
  ],
  [/\bdist(illation)?_token$/, 'a distillation token'],
  [/\.mlp\.(w\d+|fc1_[gx]|weights_(in|out)|norm)\b/, 'another MLP (such as SwiGLU)'],
  [/rel(ative)?_pos/, 'relative positions'],
  [/\brope/, 'rotary positions'],
]

/** Names of what stands after the encoder, or serves only its training: heads, decoders, the last LayerNorm. */
const afterwards = new RegExp(
  `^(${[
    'norm|layernorm|ln_post|fc_norm|pre_logits|pooler|attn_pool|gaussian_blur',
    '(\\w+_)?heads?(_\\w+)?|fc|\\w*classifier|(\\w+_)?(proj|projection|projector|predictor|prediction)(_\\w+)?',
    'decoder\\w*|query_\\w+|mask_token|embeddings\\.mask_token|last_layer|prototypes|center|queue\\w*',
    'loss\\w*|criterion|logit_\\w+|temperature|optimi[sz]er\\w*|\\w*scheduler|ema|\\w+_ema|momentum_\\w+|student|text\\w*',
  ].join('|')})(\\.|$)`,
)

/** Names, the first few of them. */
const some = (names: string[]) =>
  `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`

export const plain = 'Choose weights of a plain ViT: of SAIM, MAE, timm (vit_*_patch*) or Hugging Face ViT.'

/** Refuses the parts of other encoders that are known by their names. Throws AppError weights-misfit. */
export function refuseParts(names: string[]): void {
  for (const [pattern, title] of parts) {
    const found = names.filter((name) => pattern.test(name) && !afterwards.test(name))
    if (found.length)
      throw new AppError(
        'weights-misfit',
        `The model of the file has ${title}, which the models here do not have (${some(found)}). Its features would be others.`,
        plain,
      )
  }
}

/** LayerScale's factors by the names of timm, of Hugging Face and of BEiT: of a block's attention (1) and of its MLP (2). */
const scaleName = /^(blocks\.\d+)\.(?:ls([12])\.gamma|layer_scale([12])\.lambda1|gamma_([12]))$/

/**
 * Weights without LayerScale, which multiplies what a branch adds by a factor for each channel: γ ⊙ (W x + b) is
 * (diag(γ) W) x + γ ⊙ b, so that a branch's last layer takes it in and features stay what they are.
 */
export function withScalesInside(weights: FloatTensors): { weights: FloatTensors; scaled: boolean } {
  const found = { ...weights }
  const done = new Set<string>()
  for (const [name, { values: factors }] of Object.entries(weights)) {
    const [, block, ...branch] = scaleName.exec(name) ?? []
    const layer = `${block}.${branch.find(Boolean) === '1' ? 'attn.proj' : 'mlp.fc2'}`
    if (!block || found[`${layer}.weight`]?.shape[0] !== factors.length) continue
    for (const part of [`${layer}.weight`, `${layer}.bias`]) {
      const tensor = found[part]
      if (!tensor) continue
      const across = tensor.values.length / factors.length
      const values = tensor.values.map((value, i) => value * factors[Math.floor(i / across)]!)
      found[part] = { ...tensor, values }
    }
    done.add(name)
  }
  const rest = Object.entries(found).filter(([name]) => !done.has(name))
  return { weights: Object.fromEntries(rest), scaled: done.size > 0 }
}

/** Registers without positions: the rows that a table [1, 1+R+N, C] has for them, as some of timm's, are added to them. */
export function withPlainRegisters(weights: FloatTensors): FloatTensors {
  const { register_tokens: registers, pos_embed: table } = weights
  const [, tokens = 0, width = 0] = table?.shape ?? []
  const own = registers?.shape[1] ?? 0
  const isSquare = (count: number) => count > 0 && Number.isInteger(Math.sqrt(count))
  if (!registers || !table || isSquare(tokens) || isSquare(tokens - 1) || !isSquare(tokens - 1 - own))
    return weights
  const [begin, end] = [width, (1 + own) * width]
  const positions = new Float32Array(table.values.length - own * width)
  positions.set(table.values.subarray(0, begin))
  positions.set(table.values.subarray(end), begin)
  return {
    ...weights,
    register_tokens: {
      ...registers,
      values: registers.values.map((value, i) => value + table.values[begin + i]!),
    },
    pos_embed: { shape: [1, tokens - own, width], values: positions },
  }
}

/** Refuses names that neither the model has nor anything after the encoder. Throws AppError weights-misfit. */
export function refuseOthers(names: string[], isOurs: (name: string) => boolean): void {
  const strange = names.filter((name) => !isOurs(name) && !afterwards.test(name))
  if (strange.length)
    throw new AppError(
      'weights-misfit',
      `The file has weights that the model has no place for: ${some(strange)}. Its features may depend on them.`,
      `${plain} If its encoder works without them, remove them from the file. Leave depth and patch size as the file has them.`,
    )
}

/** Refuses whole numbers in the place of weights. Throws AppError weights-misfit. */
export function refuseRounded(notFloat: string[]): void {
  const rounded = notFloat.filter((name) => /\.(weight|bias)$/.test(name))
  if (rounded.length)
    throw new AppError(
      'weights-misfit',
      `Weights in the file are whole numbers: ${some(rounded)}. The model was quantised.`,
      'Use the file that was quantised.',
    )
}

/**
 * Weights with zeros for biases that no block has: a layer without a bias is one whose bias is zero. `shapes` are those of
 * the model.
 */
export function withZeroBiases(weights: FloatTensors, shapes: Record<string, number[]>): FloatTensors {
  const kindOf = (name: string) => name.replace(/^blocks\.\d+\./, 'blocks.')
  const kinds = new Set(Object.keys(weights).map(kindOf))
  const absent = Object.entries(shapes).filter(
    ([name]) => isEncoderName(name) && name.endsWith('.bias') && !kinds.has(kindOf(name)),
  )
  const zeros = absent.map(([name, shape]) => [name, { shape, values: new Float32Array(shape[0]!) }])
  return { ...weights, ...(Object.fromEntries(zeros) as FloatTensors) }
}

/** Refuses an encoder that is not there as a whole. Throws AppError weights-misfit. */
export function requireEncoder(names: Set<string>, shapes: Record<string, number[]>): void {
  const wanted = Object.keys(shapes).filter(isEncoderName)
  const missing = wanted.filter((name) => !names.has(name))
  if (missing.length === 0) return
  const isClassToken = missing.join() === 'cls_token'
  throw new AppError(
    'weights-misfit',
    isClassToken
      ? 'The model of the file has no class token, to which the patches of the models here attend.'
      : `The file lacks ${missing.length} of the ${wanted.length} weights of the encoder: ${some(missing)}.`,
    isClassToken
      ? plain
      : 'It may be one part of several, or damaged. Choose a file with all weights of the encoder.',
  )
}
