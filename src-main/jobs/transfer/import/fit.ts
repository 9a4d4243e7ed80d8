import type { WeightsReport } from '#shared/contract'
import { AppError } from '#shared/errors'
import { type Hyperparameters, hyperparametersSchema, patchCount } from '#shared/settings/hyperparameters'
import { authors, isEncoderName, layoutOf } from '#formats/layouts'
import type { FloatTensor, FloatTensors } from '#formats/tensors'
import { interpolatePositions, positionTable } from '#model/vit/positions'
import type { WeightsFile } from '#formats/weights-file'
import { shapeOf } from './shape'
import { initialWeights, weightShapes } from '#model/objectives/index'

export interface FittedWeights {
  h: Hyperparameters
  weights: FloatTensors
  report: WeightsReport
}

/** Positions that differ by less from the fixed ones are these, in other precision. */
const sameAsFixed = 1e-3

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
  const positions = found['pos_embed'] ? positionsIn(found['pos_embed']) : null
  const h = settingsOf(found, positions, file.metadata, changes)
  if (positions && h.positions === 'learned')
    found['pos_embed'] = resized(positions, Math.sqrt(patchCount(h)))
  const shapes = weightShapes(h)
  // Of other methods' models only the encoder is the same; the `norm` of MAE stands after it, that of SAIM after the decoder.
  const whole = 'mask_token' in found ? 'mask_token' in shapes : layout === authors
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
    positions: positionsReport(positions, h),
  }
  return { h, weights, report }
}

/**
 * Positions that were learned, and those of another grid, which are interpolated, become a table that is trained on, unless
 * `changes` say otherwise.
 */
function settingsOf(
  weights: FloatTensors,
  file: Positions | null,
  { saim }: Record<string, string>,
  changes: Partial<Hyperparameters>,
): Hyperparameters {
  const own = saim ? (JSON.parse(saim) as Partial<Hyperparameters>) : {}
  const told = { ...shapeOf(weights), ...own, ...changes }
  const asFixed = file && file.difference <= sameAsFixed && told.imageSize === file.grid * told.patchSize!
  const positions = changes.positions ?? (asFixed || !file ? (own.positions ?? 'fixed') : 'learned')
  const result = hyperparametersSchema.safeParse({ ...told, positions })
  if (result.success) return result.data
  throw new AppError(
    'bad-settings',
    result.error.issues.map(({ path, message }) => `${path.join()}: ${message}`).join('\n'),
    'Choose settings that fit the weights.',
  )
}

/** A file's position embedding: rows before those of the patches, such as the class token's, and those of grid². */
interface Positions {
  grid: number
  /** [1, 1 + grid², C]: zeros for the class token where the file has no row for it. */
  table: FloatTensor
  /** The largest difference from the fixed sine-cosine embedding. */
  difference: number
}

/** Of several rows before the patches' the first is the class token's. */
function positionsIn({ shape, values }: FloatTensor): Positions {
  const [, tokens, width] = shape as [number, number, number]
  const grid = Math.floor(Math.sqrt(tokens))
  const patches = values.subarray((tokens - grid * grid) * width)
  const table = new Float32Array((1 + grid * grid) * width)
  table.set(patches, width)
  if (tokens > grid * grid) table.set(values.subarray(0, width))
  const fixed = positionTable(grid, width)
  const difference = fixed.reduce((most, value, i) => Math.max(most, Math.abs(value - table[i]!)), 0)
  return { grid, table: { shape: [1, 1 + grid * grid, width], values: table }, difference }
}

/** The table for another grid, bicubic, as the authors do it. */
function resized({ grid, table }: Positions, to: number): FloatTensor {
  if (to === grid) return table
  const width = table.shape[2]!
  const values = new Float32Array((1 + to * to) * width)
  values.set(table.values.subarray(0, width))
  values.set(interpolatePositions(table.values.subarray(width), grid, to), width)
  return { shape: [1, 1 + to * to, width], values }
}

/** What became of the file's positions, in a sentence. */
function positionsReport(file: Positions | null, h: Hyperparameters): string {
  if (!file) return `The file has none; ${h.positions === 'fixed' ? 'computed' : 'begun as in a new run'}.`
  const here = Math.sqrt(patchCount(h))
  const [from, to] = [`${file.grid} × ${file.grid}`, `${here} × ${here} patches`]
  const learned = file.difference > sameAsFixed
  if (h.positions === 'learned') {
    const kind = learned ? 'Learned' : 'The fixed sine-cosine embedding'
    return `${kind}, ${here === file.grid ? 'kept' : `interpolated from ${from} to ${to}`}; trained from here on.`
  }
  if (learned)
    return `Learned, by up to ${file.difference.toFixed(2)} other than the fixed sine-cosine embedding, which takes their place: the features change, training has to make up for it.`
  return here === file.grid
    ? 'The fixed sine-cosine embedding, as here.'
    : `The fixed sine-cosine embedding of ${from} patches; computed anew for ${to}.`
}
