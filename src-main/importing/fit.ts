import type { WeightsReport } from '../../src-shared/contract'
import { AppError } from '../../src-shared/errors'
import { type Hyperparameters, hyperparametersSchema } from '../../src-shared/hyperparameters'
import { authors, isEncoderName, layoutOf } from '../exporting/layouts'
import type { FloatTensor, FloatTensors } from '../exporting/tensors'
import { patchCount } from '../saim/order'
import { positionEmbedding } from '../saim/position-embedding'
import { initialWeights, weightShapes } from '../saim/weights'
import type { WeightsFile } from './read'
import { shapeOf } from './shape'

export interface FittedWeights {
  h: Hyperparameters
  weights: FloatTensors
  report: WeightsReport
}

/** What a checkpoint keeps beside its trained weights and this model computes. */
const computed = ['pos_embed', 'gaussian_blur.weight']

/**
 * A file's weights as those of a model of ours: with the settings that the file tells, and `changes` on top. Weights
 * that the file does not have begin as in a new run. Throws AppError weights-misfit where shapes differ, bad-settings
 * where the settings do not fit together.
 */
export function fitWeights(file: WeightsFile, changes: Partial<Hyperparameters>): FittedWeights {
  const { title, layout } = layoutOf(Object.keys(file.tensors))
  const found = layout.read(file.tensors)
  const h = settingsOf(found, file.metadata, changes)
  const shapes = weightShapes(h)
  // Of other methods' models only the encoder is the same; the `norm` of MAE stands after it, that of SAIM after the decoder.
  const whole = 'mask_token' in found ? h.objective === 'mae' : layout === authors
  const fits = (name: string) => name in shapes && (whole || isEncoderName(name))
  const used = new Set(Object.keys(found).filter(fits))
  for (const name of used) {
    if (found[name]!.shape.join() !== shapes[name]!.join())
      throw new AppError(
        'weights-misfit',
        `${name} is [${found[name]!.shape.join(', ')}] in the file, the model needs [${shapes[name]!.join(', ')}].`,
        'Leave width, depth, heads, patch size and prediction head as the file has them.',
      )
  }
  const begun = initialWeights(h, h.seed, (name) => !used.has(name))
  const weights = Object.fromEntries(
    Object.keys(shapes).map((name) => [name, used.has(name) ? found[name]! : begun[name]!]),
  )
  const report = {
    layout: title,
    used: used.size,
    model: `${h.depth} blocks of width ${h.width}, ${h.heads} heads, patches of ${h.patchSize} px, images of ${h.imageSize} px.`,
    missing: Object.keys(begun),
    unexpected: Object.keys(found).filter((name) => !fits(name) && !computed.includes(name)),
    positions: positionsOf(found['pos_embed'], h),
  }
  return { h, weights, report }
}

function settingsOf(
  weights: FloatTensors,
  { saim }: Record<string, string>,
  changes: Partial<Hyperparameters>,
): Hyperparameters {
  const own = saim ? (JSON.parse(saim) as Partial<Hyperparameters>) : {}
  const result = hyperparametersSchema.safeParse({ ...shapeOf(weights), ...own, ...changes })
  if (result.success) return result.data
  throw new AppError(
    'bad-settings',
    result.error.issues.map(({ path, message }) => `${path.join()}: ${message}`).join('\n'),
    'Choose settings that fit the weights.',
  )
}

/** The position embedding here is a formula: the file's own is compared with it, and computed anew for other sizes. */
function positionsOf(file: FloatTensor | undefined, h: Hyperparameters): string {
  if (!file) return 'The file has none; computed.'
  const [, tokens, width] = file.shape as [number, number, number]
  const grid = Math.floor(Math.sqrt(tokens))
  const own = positionEmbedding(grid, width)
  const before = file.values.length - own.length // the class token's
  const difference = own.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - file.values[before + i]!)),
    0,
  )
  if (difference > 1e-3)
    return `Learned, by up to ${difference.toFixed(2)} other than the fixed sine-cosine embedding of this model, which takes their place: the features change, training has to make up for it.`
  const here = Math.sqrt(patchCount(h))
  return grid === here
    ? 'The fixed sine-cosine embedding, as here.'
    : `The fixed sine-cosine embedding of ${grid} × ${grid} patches; computed anew for ${here} × ${here}.`
}
