import type { Hyperparameters } from '#shared/settings/hyperparameters'
import { AppError } from '#shared/errors'
import type { FloatTensors } from '#formats/tensors'

/** Heads of the ViTs by width that have not one for each 64 of it: ViT-SO400M, -H (MAE's among them), -g and -G. */
const usualHeads: Record<number, number> = { 1152: 16, 1280: 16, 1408: 16, 1664: 16 }

/**
 * The settings of the group Model that weights under our names tell by their shapes. What only the decoder tells stays
 * out where there is none; heads do not show in shapes: those of published models of the width are assumed.
 * Throws AppError weights-misfit where they are no vision transformer's.
 */
export function shapeOf(weights: FloatTensors): Partial<Hyperparameters> {
  const embedding = weights['patch_embed.proj.weight']?.shape
  const names = Object.keys(weights)
  const blocks = (group: string) => {
    const numbered = new RegExp(`^${group}\\.(\\d+)\\.`)
    return names.reduce((most, name) => Math.max(most, 1 + Number(numbered.exec(name)?.[1] ?? -1)), 0)
  }
  const depth = blocks('blocks')
  if (embedding?.length !== 4 || depth === 0)
    throw new AppError(
      'weights-misfit',
      'The file holds no weights of a vision transformer.',
      'Choose a checkpoint of SAIM, MAE, timm or Hugging Face ViT.',
    )
  const [width, channels, patchSize, across] = embedding as [number, number, number, number]
  if (channels !== 3 || patchSize !== across)
    throw new AppError(
      'weights-misfit',
      `The model of the file takes patches of ${patchSize} × ${across} px in ${channels} channels: those here are squares in RGB.`,
      'Choose a model of colour images in square patches.',
    )
  const tokens = weights['pos_embed']?.shape[1]
  const grid = tokens === undefined ? NaN : Math.floor(Math.sqrt(tokens))
  return {
    width,
    patchSize,
    depth,
    registers: weights['register_tokens']?.shape[1] ?? 0,
    heads: usualHeads[width] ?? Math.max(1, Math.floor(width / 64)),
    ...(Number.isNaN(grid) ? {} : { imageSize: grid * patchSize }),
    ...decoderOf(weights, depth, blocks('query_blocks')),
    ...maeDecoderOf(weights, blocks('decoder_blocks')),
    ...blurOf(weights),
  }
}

function decoderOf(weights: FloatTensors, depth: number, queryDepth: number): Partial<Hyperparameters> {
  const has = (name: string) => `${name}.weight` in weights
  const head = has('prediction_head.fc1')
    ? 'mlp'
    : has('prediction_head')
      ? 'linear'
      : has('prediction_head.fc')
        ? 'transformer'
        : null
  if (!head) return { queryDepth: depth }
  // Without query blocks the decoder uses the encoder's.
  return { head, queryDepth: queryDepth || depth, shareWeights: queryDepth === 0 }
}

function maeDecoderOf(weights: FloatTensors, decoderDepth: number): Partial<Hyperparameters> {
  const embedding = weights['decoder_embed.weight']
  return embedding && decoderDepth ? { decoderWidth: embedding.shape[0]!, decoderDepth } : {}
}

/** The blur's kernel is kept among the authors' weights: K[i] ~ exp(-(i / sigma)² / 2). */
function blurOf(weights: FloatTensors): Partial<Hyperparameters> {
  const kernel = weights['gaussian_blur.weight']
  if (!kernel) return {}
  const blurSize = kernel.shape[3]!
  const centre = (blurSize * blurSize - 1) / 2
  const [middle, next] = [kernel.values[centre]!, kernel.values[centre + 1] ?? 0]
  if (!(blurSize > 1 && next > 0 && next < middle)) return { blurSize: 0 }
  const blurSigma = Number(Math.sqrt(0.5 / Math.log(middle / next)).toFixed(3))
  return { blurSize, blurSigma }
}
